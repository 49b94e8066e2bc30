"""A rule is a function with its metadata beside it. The pages in docs/rules/ are made from both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fanout.template.template import Resource, Template


class Severity(StrEnum):
    """An error fails `cdk synth`: messages would be lost, duplicated, blocked or leaked, or AWS would refuse the template.

    A warning does not: nothing is lost yet, or the template does not show enough.
    """

    ERROR = "error"
    WARNING = "warning"


class Consequence(StrEnum):
    """What becomes of messages, worst first; the table of findings is in this order."""

    LOST = "lost"
    DOUBLED = "doubled"
    BLOCKED = "blocked"
    LEAKED = "leaked"
    REFUSED = "refused at deployment"
    HYGIENE = "hygiene"


@dataclass(frozen=True)
class Problem:
    """What a rule found: where, and what is wrong there, with the values. `fix` replaces the rule's general one."""

    resource: Resource | Template
    message: str
    fix: str | None = None


Check = Callable[[Template], Iterator[Problem]]


@dataclass(frozen=True)
class Rule:
    """A rule. `id` is stable; `what` is one sentence; `why` says what happens to messages; `link` is the AWS page."""

    id: str
    severity: Severity
    consequence: Consequence
    what: str
    why: str
    fix: str
    link: str
    check: Check


RULES: dict[str, Rule] = {}
"""Every rule by its id, in the order in which the files in checks/rules/ define them."""


def rule(
    id: str,
    *,
    consequence: Consequence,
    what: str,
    why: str,
    fix: str,
    link: str,
    severity: Severity = Severity.ERROR,
) -> Callable[[Check], Check]:
    """Registers the function below it as the rule `id`."""

    def register(check: Check) -> Check:
        if id in RULES:
            raise ValueError(f"two rules are called {id!r}")
        RULES[id] = Rule(id, severity, consequence, what, why, fix, link, check)
        return check

    return register
