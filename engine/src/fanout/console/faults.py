"""What went wrong while a page, a look or a piece of work was made: one line, whatever was raised."""

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError, fault

EXPECTED = (UserError, ClientError, BotoCoreError)
"""What a person can mend: everything else is a fault of ours."""


def line_of(error: Exception) -> str:
    return one_line(error) if isinstance(error, EXPECTED) else fault(error)
