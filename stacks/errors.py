"""The one error this room raises on purpose, and how `app.py` ends when something is wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class ConfigurationError(ValueError):
    """What somebody typed is wrong; its one line names the thing, the value given and the value expected."""


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Ends the program with exit code 1 and one line, where a traceback would say less."""
    try:
        yield
    except ConfigurationError as error:
        sys.exit(f"error: {error}")
    except RuntimeError as error:  # of the CDK; the findings of validation plugins are on standard error already
        if "ValidationFailed" not in str(error):
            raise
        sys.exit("error: these templates are not fit to be deployed: see the findings above")
