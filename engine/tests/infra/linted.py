"""What cfn-lint says of a template: one set of rules for all of them, as making it takes a quarter of the time."""

from functools import cache
from typing import Any


def linted(text: str) -> list[str]:
    """Rule and message of each finding, in the order of the template.

    Without W3005: CDK writes a DependsOn beside each function's reference to its role, which says the same twice.
    """
    from cfnlint.api import lint  # half a second, of each worker that collects

    found = lint(text, _rules(), regions=["eu-west-1"])
    return [f"{each.rule.id} {each.message}" for each in found if each.rule.id != "W3005"]


@cache
def _rules() -> Any:
    """All that cfn-lint has by default; `lint` would make them anew for each template."""
    from cfnlint.core import get_rules

    return get_rules(append_rules=[], ignore_rules=[], include_rules=[])
