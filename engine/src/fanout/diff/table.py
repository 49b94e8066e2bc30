"""Changes as people read them: the same change of several stacks is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fanout.diff.change import KINDS, Change
from fanout.words import markdown_cell


@dataclass(frozen=True)
class Summary:
    """One change in all the stacks that it happens to. `label` is danger, allowed or notice."""

    label: str
    kind: str
    path: str
    message: str
    stacks: str


def summarize(changes: Sequence[Change]) -> list[Summary]:
    """Dangers first, then what is allowed, then the rest."""
    stacks: dict[tuple[str, str, str, str], list[str]] = {}
    for each in changes:
        path = "" if each.path == each.stack else each.path
        stacks.setdefault((_label(each), each.kind, path, each.message), []).append(each.stack)
    found = [Summary(*key, ", ".join(dict.fromkeys(names))) for key, names in stacks.items()]
    return sorted(found, key=lambda each: ("danger", "allowed", "notice").index(each.label))


def markdown(changes: Sequence[Change]) -> str:
    """A comment for a pull request."""
    lines = ["### What deploying this would do", ""]
    if not changes:
        return "\n".join([*lines, "Nothing: the templates are the same."])
    dangers = sum(each.label == "danger" for each in summarize(changes))
    if dangers:
        lines += [f"**{dangers} dangerous.** Allow what is meant in `allowed-changes.toml`.", ""]
    lines += ["| | change | where | what | stacks |", "|---|---|---|---|---|"]
    for each in summarize(changes):
        label = {"danger": "**danger**", "allowed": "allowed", "notice": ""}[each.label]
        what = f"{each.message}. {KINDS[each.kind].what}"
        cells = (label, f"`{each.kind}`", each.path, what, each.stacks)
        lines.append("| " + " | ".join(map(markdown_cell, cells)) + " |")
    return "\n".join(lines)


def _label(each: Change) -> str:
    return ("allowed" if each.allowed else "danger") if each.danger else "notice"
