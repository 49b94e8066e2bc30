"""Errors that a person can mend: the message is one line that says what is wrong, the value, and what to do."""


class Unusable(ValueError):
    """What was given cannot be used; the command ends with exit status 2."""


class ConfigurationError(Unusable):
    """What somebody typed is wrong; its one line names the thing, the value given and the value expected."""
