"""One JSON line per outcome, readable by machines, without personal data."""

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime

from fanout import names
from fanout.runtime.errors import TaskError

_json = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Line(logging.Formatter):
    """level, message, timestamp (RFC 3339, UTC), task, the fields of `extra`, and X-Ray's trace id where there is one.

    An exception is told as `describe` tells it, so that `logger.exception` gives no answer away either.
    """

    OWN = frozenset({*vars(logging.makeLogRecord({})), "level", "timestamp", "task"})
    """What a record has without `extra`, and what `extra` cannot replace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "level": record.levelname,
            "message": record.getMessage(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "task": os.environ.get(names.TASK, "unknown"),
        }
        line |= {name: value for name, value in vars(record).items() if name not in self.OWN}
        if record.exc_info and record.exc_info[1]:
            line |= describe(record.exc_info[1]) | traceback_of(record.exc_info[1])
        if trace := os.environ.get("_X_AMZN_TRACE_ID"):
            line["xray_trace_id"] = trace.partition("Root=")[2].partition(";")[0]
        return _json(line)


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


def traceback_of(error: BaseException) -> dict[str, str]:
    """`traceback` of a log line, where the settings say that the data is made up: it can quote what a task works on."""
    if os.environ.get(names.TRACEBACKS) != "true" or (isinstance(error, TaskError) and error.__cause__ is None):
        return {}
    return {"traceback": "".join(traceback.format_exception(error))}


def _place(error: BaseException) -> str:
    """The innermost line of the task's own folder, and through which line of a library it came."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "raised outside of the task"
    last = frames[-1]
    folder = f"/{os.environ.get(names.TASK)}/"
    own = next((frame for frame in reversed(frames) if folder in frame.filename), last)
    via = "" if own is last else f" (via {_line_of(last)} in {last.name})"
    return f"in {own.name}, {_line_of(own)}{via}"


def _line_of(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}"


def _to_stdout() -> logging.Logger:
    """Every level: Lambda itself leaves out what is below the function's level, by the line's `level`.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    made = logging.getLogger("fanout")
    made.setLevel(logging.DEBUG)
    made.propagate = False  # the root logger is the runtime's, and would say everything again
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Line())
    made.handlers = [handler]
    return made


logger = _to_stdout()
