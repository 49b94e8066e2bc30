"""An intake, for a team that has no service of its own that publishes: imported by the stack that has one, and no other."""

from fanout.constructs.intake.followed import Followed
from fanout.constructs.intake.intake import Intake, Limits

__all__ = ["Followed", "Intake", "Limits"]
