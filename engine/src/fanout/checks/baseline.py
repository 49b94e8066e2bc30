"""What a template's owner has accepted for now, so that only what is new fails."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from fanout.checks.findings import Finding
from fanout.errors import Unusable
from fanout.template.load import parsed

_SHAPE = '{"reason": ..., "date": "2026-01-31", "findings": [{"rule": ..., "template": ..., "resource": ...}]}'
Known = tuple[str, str, str]
"""Rule, template and resource of a finding: its message may change with the values in it."""


@dataclass(frozen=True)
class Baseline:
    """`date` is the day on which it was written."""

    reason: str
    date: str
    known: frozenset[Known]

    def apply(self, found: Iterable[Finding]) -> list[Finding]:
        """Findings that are in it are acknowledged, by its reason."""
        why = f"{self.reason} (baseline of {self.date})"
        return [replace(each, acknowledged=why) if self._has(each) else each for each in found]

    def mended(self, found: Iterable[Finding]) -> int:
        """How many of it are found no more."""
        return len(self.known - {_known(each) for each in found})

    def _has(self, finding: Finding) -> bool:
        return finding.acknowledged is None and _known(finding) in self.known


def write(path: Path, found: Iterable[Finding], reason: str, today: date) -> int:
    """Writes what is open now; how many. Never over another file. Raises Unusable."""
    known = sorted({_known(each) for each in found if each.acknowledged is None})
    entries = [dict(zip(("rule", "template", "resource"), each, strict=True)) for each in known]
    body = {"reason": reason, "date": today.isoformat(), "findings": entries}
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(body, indent=2) + "\n")
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None
    return len(known)


def read(path: Path) -> Baseline:
    """Raises Unusable, one line."""
    body = parsed(path)
    entries = body.get("findings") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not _is_text(body, "reason", "date") or not all(map(_is_entry, entries)):
        raise Unusable(f"{path}: expected {_SHAPE}")
    known = ((each["rule"], each["template"], each["resource"]) for each in entries)
    return Baseline(body["reason"], body["date"], frozenset(known))


def _known(finding: Finding) -> Known:
    return finding.rule, finding.template, finding.resource


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and _is_text(entry, "rule", "template", "resource")


def _is_text(body: dict[str, Any], *keys: str) -> bool:
    return all(isinstance(body.get(key), str) for key in keys)
