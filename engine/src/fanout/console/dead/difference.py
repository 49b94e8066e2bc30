"""Before and after of an edited event, side by side."""

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

SAME, REMOVED, ADDED, CHANGED = "same", "removed", "added", "changed"
_AROUND: Final = 3
"""Lines that are the same, and shown beside those that are not."""


@dataclass(frozen=True)
class Pair:
    """A line before and its line after, with their numbers; None where there is none. `skipped`: so many are left out here."""

    kind: str
    before: str | None
    after: str | None
    line_before: int = 0
    line_after: int = 0
    skipped: int = 0


def side_by_side(before: Any, after: Any) -> list[Pair]:
    """Of two JSON values, or of a text that was none and an event."""
    old, new = _lines(before), _lines(after)
    found: list[Pair] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Pair(SAME, old[a + n], new[c + n], a + n + 1, c + n + 1) for n in range(b - a)]
            continue
        for n in range(max(b - a, d - c)):
            left, right = (old[a + n] if a + n < b else None), (new[c + n] if c + n < d else None)
            kind = ADDED if left is None else REMOVED if right is None else CHANGED
            found.append(
                Pair(kind, left, right, a + n + 1 if left is not None else 0, c + n + 1 if right is not None else 0)
            )
    return _shortened(found)


def _lines(value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return text.split("\n")


def _shortened(pairs: list[Pair]) -> list[Pair]:
    """Without what is the same and far from any change."""
    changed = [place for place, each in enumerate(pairs) if each.kind != SAME]
    near = {place + n for place in changed for n in range(-_AROUND, _AROUND + 1)}
    found: list[Pair] = []
    skipped = 0
    for place, each in enumerate(pairs):
        if place in near:
            found += [Pair(SAME, None, None, skipped=skipped)] if skipped else []
            found.append(each)
            skipped = 0
        else:
            skipped += 1
    return [*found, *([Pair(SAME, None, None, skipped=skipped)] if skipped else [])]
