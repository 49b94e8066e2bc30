"""How a wrong value is refused, and how a synth ends when something is wrong."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fanout.errors import ConfigurationError, UserError

__all__ = ["ConfigurationError", "expect", "one_line_errors"]

_TOO_MANY = re.compile(r"resources in stack '([^']+)': (\d+) is greater than allowed maximum of (\d+)")
_TWICE = re.compile(r"There is already a Construct with name '([^']+)' in \S+(?: \[([^\]]*)\])?")
_REFUSED = re.compile(r"Validation failed with the following errors:\s+\[[^\]]*\] (.*)")
"""By what a construct says of itself at synth; the first of them."""


def expect(owner: str, name: str, holds: object, value: object, expected: str) -> None:
    """Raises ConfigurationError in one line that starts with `owner` unless `holds`."""
    if not holds:
        raise ConfigurationError(f"{owner}: {name} is {value!r}: expected {expected}")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the program with exit code 1 and one line, where a traceback would say less."""
    try:
        yield
    except UserError as error:
        sys.exit(f"error: {error}")
    except RuntimeError as error:  # of the CDK; the findings of validation plugins are on standard error already
        if too_many := _TOO_MANY.search(str(error)):
            sys.exit(
                f"error: stack {too_many[1]} has {too_many[2]} resources, and CloudFormation takes {too_many[3]}: move some"
                " subscribers to a stack of their own, which needs only the topic's ARN"
            )
        if twice := _TWICE.search(str(error)):
            sys.exit(f"error: {twice[2] or 'the app'} has two lines with the id {twice[1]}: give one of them another")
        if refused := _REFUSED.search(str(error)):
            sys.exit(f"error: {refused[1]}")
        if "ValidationFailed" not in str(error):
            raise
        sys.exit("error: these templates are not fit to be deployed: see the findings above")
