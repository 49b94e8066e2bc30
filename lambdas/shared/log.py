"""One JSON line per outcome, readable by machines, without a form's answers."""

import os
import traceback

from aws_lambda_powertools import Logger

from shared import variables
from shared.errors import TaskError

logger = Logger(task=os.environ.get(variables.TASK, "unknown"), location=None, use_rfc3339=True, utc=True)
logger.remove_keys(["service"])  # Powertools' word for what we call a task


def describe(error: BaseException) -> dict[str, str]:
    """`error_type` and `error` of a log line. Nothing in them can be an answer.

    Our own errors say what they say. The SDK's are told by operation and code, as their messages quote addresses. Any
    other message could hold whatever the task was working on, so the place it comes from stands for it.
    """
    kind = type(error).__name__
    if isinstance(error, TaskError):
        return {"error_type": kind, "error": str(error)}
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        code = str(response["Error"].get("Code", "unknown"))
        return {"error_type": kind, "error": f"{getattr(error, 'operation_name', 'call')}: {code}"}
    return {"error_type": kind, "error": _place(error)}


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "raised outside of the task"
    last = frames[-1]
    return f"in {last.name}, {'/'.join(last.filename.split('/')[-2:])}:{last.lineno}"
