"""Acknowledgements are findings somebody has looked at. They are not a switch: one that matches nothing is an error."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.template import Template

_LINK = "https://docs.aws.amazon.com/cdk/v2/guide/policy-validation-synthesis.html"


@rule(
    "acknowledgement-unused",
    consequence=Consequence.HYGIENE,
    what="Every acknowledgement names a rule, a resource and a reason, and matches a finding.",
    why="One that matches nothing is left over from a finding that is gone, or is misspelt: it would hide the next finding"
    " that fits, or hides nothing while everybody believes it does.",
    fix="Remove it, or correct the rule's id, the resource's path or the reason.",
    link=_LINK,
)
def acknowledgement_unused(template: Template) -> Iterator[Problem]:
    """The engine yields these findings when all other rules have spoken: see checks.findings."""
    return iter(())
