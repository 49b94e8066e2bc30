"""Findings and acknowledgements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fanout import names
from fanout.checks.rule import RULES, Severity
from fanout.errors import Unusable
from fanout.template.load import parsed
from fanout.template.template import Template

UNUSED = "acknowledgement-unused"


@dataclass(frozen=True)
class Finding:
    """What a rule found. `path` is the CDK construct path where the template has it, else the logical id."""

    rule: str
    severity: Severity
    resource: str
    path: str
    message: str
    fix: str
    link: str
    template: str = ""
    acknowledged: str | None = None
    """The reason somebody gave for living with it."""

    def as_dict(self) -> dict[str, str]:
        """The finding as JSON; `acknowledged` is there only when it is."""
        keys = ("rule", "severity", "resource", "path", "message", "fix", "link")
        found = {key: str(getattr(self, key)) for key in keys}
        return found if self.acknowledged is None else {**found, "acknowledged": self.acknowledged}


@dataclass(frozen=True)
class Acknowledgement:
    """`resource` is a logical id or a construct path; a construct's path stands for everything inside it."""

    rule: str
    resource: str
    reason: str

    def matches(self, finding: Finding) -> bool:
        inside = finding.path == self.resource or finding.path.startswith(self.resource + "/")
        return self.rule == finding.rule and bool(self.resource) and (inside or finding.resource == self.resource)

    def problem(self) -> str | None:
        """What is wrong with it by itself."""
        if self.rule not in RULES:
            return f"there is no rule {self.rule!r}"
        if self.rule == UNUSED:
            return f"{UNUSED} cannot be acknowledged"
        if not self.resource.strip():
            return f"the acknowledgement of {self.rule} names no resource"
        return None if self.reason.strip() else f"the acknowledgement of {self.rule} on {self.resource} gives no reason"


def load_acknowledgements(path: Path) -> list[Acknowledgement]:
    """A JSON (or YAML) list of `{rule, resource, reason}`."""
    entries = parsed(path)
    keys = {"rule", "resource", "reason"}
    for entry in entries if isinstance(entries, list) else [None]:
        if (
            not isinstance(entry, dict)
            or set(entry) != keys
            or not all(isinstance(each, str) for each in entry.values())
        ):
            raise Unusable(f"{path}: expected a list of {{rule, resource, reason}}, found {entry!r}")
    return [Acknowledgement(**entry) for entry in entries]


def written_in(template: Template) -> Iterator[Acknowledgement]:
    """Acknowledgements in a template: `Metadata: {fanout: {acknowledge: [{rule, reason}]}}` of a resource, or of the
    template, where each also names the resource; and those written with CDK."""
    for rule, path, reason in template.acknowledged_in_cdk:
        yield Acknowledgement(rule, path, reason)
    for entry in _entries(template.body.get("Metadata")):
        yield Acknowledgement(_text(entry, "rule"), _text(entry, "resource"), _text(entry, "reason"))
    for resource in template.resources.values():
        for entry in _entries(resource.metadata):
            yield Acknowledgement(_text(entry, "rule"), resource.path, _text(entry, "reason"))


def apply(found: Iterable[Finding], acknowledgements: Iterable[Acknowledgement]) -> list[Finding]:
    """The findings, acknowledged ones marked, and a finding for each acknowledgement that is wrong or matches nothing."""
    every = list(dict.fromkeys(acknowledgements))
    valid = [each for each in every if each.problem() is None]
    marked, used = [], set()
    for finding in found:
        matching = [each for each in valid if each.matches(finding)]
        used.update(matching)
        marked.append(replace(finding, acknowledged=matching[0].reason) if matching else finding)
    unused = (each for each in every if each not in used)
    return marked + [_unused(each) for each in unused]


def _unused(acknowledgement: Acknowledgement) -> Finding:
    rule = RULES[UNUSED]
    where = acknowledgement.resource or "template"
    message = acknowledgement.problem() or f"the acknowledgement of {acknowledgement.rule} matches no finding"
    return Finding(rule.id, rule.severity, where.rpartition("/")[2], where, message, rule.fix, rule.link)


def _entries(metadata: Any) -> list[dict[str, Any]]:
    ours = metadata.get(names.METADATA) if isinstance(metadata, dict) else None
    entries = ours.get(names.ACKNOWLEDGE_METADATA) if isinstance(ours, dict) else None
    if entries is None:
        return []
    return [each if isinstance(each, dict) else {} for each in (entries if isinstance(entries, list) else [entries])]


def _text(entry: dict[str, Any], key: str) -> str:
    return entry[key] if isinstance(entry.get(key), str) else ""
