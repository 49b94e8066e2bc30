"""What a user of this room sees instead of a traceback."""


class BenchmarkError(Exception):
    """One line: what could not be measured, and why."""
