"""The one error of this room that a person can mend."""


class Unusable(ValueError):
    """Input that a command cannot use; its one line says why, and what to do."""
