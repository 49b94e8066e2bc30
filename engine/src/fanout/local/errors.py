"""What a user of this room sees instead of a traceback."""


class LocalError(Exception):
    """One line: what is wrong, with which value, and what to do about it."""
