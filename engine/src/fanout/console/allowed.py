"""What a console may change: the words of --allow."""

from fanout.errors import Unusable

REDRIVE, EDIT, PAUSE, SEND = "redrive", "edit", "pause", "send"
WORDS = (REDRIVE, EDIT, PAUSE, SEND)


def read_allowed(given: str | None) -> frozenset[str]:
    """Of redrive,edit,pause,send; nothing where none is given. Raises Unusable."""
    words = [each.strip() for each in (given or "").split(",") if each.strip()]
    unknown = [each for each in words if each not in WORDS]
    if unknown:
        raise Unusable(f"--allow {','.join(unknown)}: expected some of {','.join(WORDS)}")
    return frozenset(words)
