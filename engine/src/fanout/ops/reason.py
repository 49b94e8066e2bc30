"""Why somebody did what they did: asked for by whoever asks, and kept in the journal."""

from fanout.errors import Unusable


def kept_reason(reason: str, how: str) -> str:
    """On one line; raises Unusable for an empty one, and `how` says where it is given."""
    said = " ".join(reason.split())
    if not said:
        raise Unusable(f"a reason is needed, and it is kept in the journal: {how}")
    return said
