"""What a user of this package sees instead of a traceback."""

from fanout.errors import Unusable


class LocalError(Unusable):
    """One line: what is wrong, with which value, and what to do about it."""
