"""Dangers that are meant: a committed file says which, where and why, so that a review of it is a review of them.

[[allow]]
change = "subscriber-removed"
resource = "SyncCrm/Queue"
reason = "retired: its queue is drained, INC-123"
until = 2026-12-31
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fanout.diff.change import KINDS, Change
from fanout.errors import Unusable

FILE = "allowed-changes.toml"
_KEYS = {"change": str, "resource": str, "reason": str, "until": date}


@dataclass(frozen=True)
class Allowance:
    """One danger at one resource (construct path or logical id; with its stack in front, in that stack alone)."""

    change: str
    resource: str
    reason: str
    until: date | None = None

    @property
    def name(self) -> str:
        return f"{self.change}:{self.resource}"

    def is_over(self, today: date) -> bool:
        return self.until is not None and self.until < today


def read_allowances(path: Path) -> list[Allowance]:
    """The entries of the file; none where there is no file. Raises Unusable, one line that names the entry."""
    if not path.exists():
        return []
    try:
        body = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: not TOML: {' '.join(str(error).split())}") from None
    entries = body.get("allow", [])
    if set(body) - {"allow"} or not isinstance(entries, list):
        raise Unusable(f"{path}: expected nothing but [[allow]] entries")
    return [_entry(each, f"{path}: entry {number}") for number, each in enumerate(entries, 1)]


def allow(changes: Sequence[Change], allowances: Sequence[Allowance], today: date) -> tuple[list[Change], list[str]]:
    """The changes, those that are allowed marked; and a line for each entry that is over or allows nothing."""
    valid = [each for each in allowances if not each.is_over(today)]
    names = frozenset(each.name for each in valid)
    notes = [
        f"{each.name} was allowed until {each.until}: remove the entry" for each in allowances if each not in valid
    ]
    notes += [f"{each.name} allows nothing: remove the entry" for each in valid if not _is_used(each, changes)]
    return [each.allow(names) for each in changes], notes


def _is_used(allowance: Allowance, changes: Sequence[Change]) -> bool:
    return any(each.is_danger_of(frozenset([allowance.name])) for each in changes)


def _entry(entry: Any, where: str) -> Allowance:
    if not isinstance(entry, dict):
        raise Unusable(f"{where} is {entry!r}: expected change, resource and reason")
    if unknown := sorted(set(entry) - set(_KEYS)):
        raise Unusable(f"{where}: unknown key {unknown[0]!r}: expected {', '.join(_KEYS)}")
    for key in ("change", "resource", "reason"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise Unusable(f"{where}: {key} is {entry.get(key)!r}: expected a text")
    if "until" in entry and type(entry["until"]) is not date:
        raise Unusable(f"{where}: until is {str(entry['until'])!r}: expected a date, as in until = 2026-12-31")
    kind = KINDS.get(entry["change"])
    if kind is None or not kind.danger:
        dangers = ", ".join(each.name for each in KINDS.values() if each.danger)
        raise Unusable(f"{where}: change is {entry['change']!r}: expected one of {dangers}")
    return Allowance(**entry)
