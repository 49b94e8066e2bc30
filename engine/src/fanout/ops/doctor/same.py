"""Whether a live value is the one that was deployed."""

import json
from typing import Any

from fanout.ops.doctor.deployed import UNKNOWN


def same(wanted: Any, now: Any) -> bool:
    """Numbers and their texts are the same, and so are policies in another order. Unknown is never a difference."""
    if _has_unknown(wanted):
        return True
    return bool(_canonical(wanted) == _canonical(now))


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(_has_unknown(each) for each in value)
    return value is UNKNOWN


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _canonical(each) for key, each in value.items() if key not in ("Sid", "Version")}
        if set(kept) == {"AWS"} and kept["AWS"] == "*":
            return "*"  # of a principal
        return json.dumps(kept, sort_keys=True)
    if isinstance(value, list):
        each_one = sorted(str(_canonical(each)) for each in value)
        return each_one[0] if len(each_one) == 1 else str(each_one)
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
