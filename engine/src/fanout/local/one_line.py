"""What went wrong on this machine, in one line."""

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError
from fanout.local.app import told_with_its_line


def line_of(error: Exception) -> str:
    """Of an error that a person can mend; empty for a fault of fanout itself."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ClientError | BotoCoreError):
        return one_line(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return told_with_its_line(error)
