"""Errors that a person can mend: the message is one line that says what is wrong, the value, and what to do."""


class UserError(ValueError):
    """Ends a command with its one line and without a traceback."""


class Unusable(UserError):
    """A command line, or a file that it names, cannot be used."""


class ConfigurationError(UserError):
    """What somebody wrote in a stack or in settings is wrong; it names the thing, the value given and the one expected."""


class ContractError(UserError):
    """An event's schema or its examples cannot be read."""


class OpsError(UserError):
    """What is deployed, or what AWS answers, does not allow what was asked for."""


class LocalError(UserError):
    """The embedded AWS, or what runs beside it, cannot be started, reached or stopped."""
