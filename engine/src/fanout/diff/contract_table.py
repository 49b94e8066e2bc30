"""Changes of contracts as people and programs read them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fanout.contracts.compare.archive import Archive
from fanout.contracts.compare.changes import Break, TypeChange
from fanout.words import markdown_cell

CONVENTION = "Compared: what publishers (with formats) and tasks (without) accept, keyword by keyword."
WHO = {
    "publishers": "breaks publishers, and events that wait or are archived",
    "readers": "breaks readers that have the older schema",
}


@dataclass(frozen=True)
class Told:
    """One type's change, who takes the type (None: no template was read), and what the archive says."""

    change: TypeChange
    takers: tuple[str, ...] | None
    archive: Archive | None = None

    @property
    def is_breaking(self) -> bool:
        return self.change.is_breaking or bool(self.archive and self.archive.newly_refused)

    def as_dict(self, allowed: bool) -> dict[str, Any]:
        change = self.change
        return {
            "type": change.type,
            "status": change.status,
            "breaking": self.is_breaking,
            "allowed": allowed,
            "takers": None if self.takers is None else list(self.takers),
            "breaks": [_as_dict(each) for each in change.breaks],
            "notes": list(change.notes),
            "complete": change.is_complete,
            "not_compared": list(change.not_compared),
            "archived": self.archive.as_dict() if self.archive else None,
        }


def _as_dict(found: Break) -> dict[str, Any]:
    return {
        "breaks": found.breaks,
        "where": found.where,
        "keyword": found.keyword,
        "message": found.message,
        "example": found.example,
    }


def who(told: Told, found: Break) -> str:
    """Whom a break concerns, by name where templates say it."""
    if found.breaks == "publishers" or told.takers is None:
        return WHO[found.breaks]
    names = ", ".join(told.takers) or "nobody in these templates"
    return f"{WHO[found.breaks]}: {names}"


def example(found: Break) -> str:
    """One line; of what is long the beginning of each text."""
    if found.example is None:
        return "no example found"
    return json.dumps(_short(found.example), ensure_ascii=False)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_short(each) for each in value[:5]] + ([f"... {len(value)} in all"] if len(value) > 5 else [])
    if isinstance(value, str) and len(value) > 60:
        return f"{value[:40]}... ({len(value)} characters)"
    return value


def verdict(told: Told) -> str:
    """In a word or two, and never `compatible` where something was not compared."""
    if told.change.status == "compatible" and not told.is_breaking and not told.change.is_complete:
        return "compatible in what was compared"
    return "breaking" if told.is_breaking and told.change.status != "removed" else told.change.status


def markdown(every: Sequence[Told], allowed: frozenset[str]) -> str:
    """A part of a pull request's comment; empty where no schema has changed."""
    changed = [each for each in every if each.change.status != "same"]
    if not changed:
        return ""
    lines = ["", "### What the schemas break", ""]
    if any(each.is_breaking and each.change.type not in allowed for each in changed):
        lines += ["**Not without a new version of the type.**", ""]
    lines += ["| type | | where | what | whom | example |", "|---|---|---|---|---|---|"]
    for each in changed:
        lines += ["| " + " | ".join(map(markdown_cell, row)) + " |" for row in _rows(each, allowed)]
    return "\n".join([*lines, "", CONVENTION, ""])


def _rows(told: Told, allowed: frozenset[str]) -> Iterator[tuple[str, ...]]:
    change = told.change
    label = "allowed" if change.type in allowed else verdict(told)
    for found in change.breaks:
        shown = f"`{example(found)}`" if found.example is not None else example(found)
        yield f"`{change.type}`", f"**{label}**", found.where, found.message, who(told, found), shown
    if not change.breaks:
        yield f"`{change.type}`", label, "", "; ".join(change.notes), ", ".join(told.takers or ()), ""
    for each in change.not_compared:
        yield f"`{change.type}`", "not compared", "", each, "", ""
