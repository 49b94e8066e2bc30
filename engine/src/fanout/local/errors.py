"""What a user of this room sees instead of a traceback."""

from fanout.errors import LocalError

__all__ = ["LocalError"]
