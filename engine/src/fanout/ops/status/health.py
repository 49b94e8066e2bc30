"""One subscriber as it is now."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fanout.ops.aws.line import Line
from fanout.ops.aws.subscriber import FUNCTION
from fanout.ops.pause.reason import Pause

UNKNOWN: Final = "unknown"
ELSEWHERE: Final = "elsewhere"
"""The `mapping` of a worker that its team runs, and so is its log."""


@dataclass
class Health:
    """One subscriber now. `problems` are sentences; none of them means that nobody is needed."""

    task: str
    kind: str = FUNCTION
    has_runtime: bool = True
    buries: bool = True
    """Whether it keeps dead letters; where it does, `dead` is None only as it was not read."""
    waiting: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    oldest_seconds: int | None = None
    dead: int | None = None
    dead_hidden: int | None = None
    mapping: str = UNKNOWN
    """Of a worker: how many run, or that it runs elsewhere."""
    pause: Pause | None = None
    concurrency: int | None = None
    last_error: Line | None = None
    last_success: datetime | None = None
    backfill: int | None = None
    """Days of archived events that its deployment asks for and nobody has sent yet: no problem, and said."""
    problems: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """What its last error and success do not rest on, as it was not read."""
    unread: list[str] = field(default_factory=list)
    """Those of `problems` that say what could not be read."""

    @property
    def knows_outcomes(self) -> bool:
        """Whether no success and no error mean that there was none: its log was read, is not elsewhere, and tells of events."""
        return self.has_runtime and not (self.unread or self.unseen) and self.mapping != ELSEWHERE

    def as_dict(self) -> dict[str, Any]:
        return {
            **{
                name: getattr(self, name)
                for name in ("task", "kind", "waiting", "in_flight", "delayed", "oldest_seconds")
            },
            "buries": self.buries,
            "dead": self.dead,
            "dead_hidden": self.dead_hidden,
            "mapping": self.mapping,
            "pause": self.pause.as_dict() if self.pause else None,
            "concurrency": self.concurrency,
            "last_error": self.last_error.as_dict() if self.last_error else None,
            "last_success": self.last_success,
            "backfill": self.backfill,
            "problems": self.problems,
            "unseen": self.unseen,
        }
