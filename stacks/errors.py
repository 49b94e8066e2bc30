"""The one error this room raises on purpose."""


class ConfigurationError(ValueError):
    """What somebody typed is wrong; its one line names the thing, the value given and the value expected."""
