"""What a gap is to whoever has to decide: from the older schema to the newer one."""

import json
from typing import Any, Final

from fanout.contracts.compare.gaps import OTHER, Direction, Gap

LONGEST = 80
_SAID: Final = {
    ("required", True): "is required now",
    ("required", False): "is no longer required",
    ("removed", False): "is no longer described",
    ("false", True): "is refused now",
    ("false", False): "is allowed now, and was refused",
    ("additionalProperties", True): "fields that the schema does not name are refused now",
    ("additionalProperties", False): "fields that the schema does not name are allowed now, and were refused",
}


def said(gap: Gap, direction: Direction) -> str:
    """One line, with values of schemas and never of an event."""
    known = _SAID.get((gap.keyword, direction.newer))
    if known:
        return known
    old, new = (gap.allowing, gap.refusing) if direction.newer else (gap.refusing, gap.allowing)
    if gap.keyword == "enum" and gap.allowing is not None:
        values = ", ".join(map(_shown, gap.allowing))
        return f"may no longer be {values}" if direction.newer else f"may also be {values}"
    return f"{gap.keyword}: {_shown(old)} before, {_shown(new)} now{' (other fields)' if gap.path[-1:] == (OTHER,) else ''}"


def _shown(value: Any) -> str:
    if value is None:
        return "anything"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
