"""One JSON line per outcome, readable by machines, without personal data."""

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from fanout import names
from fanout.runtime import decision
from fanout.runtime.errors import TaskError

MOST_REASON_BYTES = 2_048
"""Of a reason, in a log line and in a dead letter's cause."""
_OWN_NAME = "fanout.runtime"
_CODE = re.compile(r"[A-Za-z0-9.:_-]{1,80}")
"""What may be a code, an operation or the name of a class, and no sentence of a stranger."""


def _shown(value: object) -> str:
    try:
        return str(value)
    except BaseException:
        return f"a {type(value).__name__} that cannot be shown"


_json = json.JSONEncoder(separators=(",", ":"), default=_shown).encode
_EMPTY = vars(logging.makeLogRecord({"name": _OWN_NAME}))


class _Said(logging.LogRecord):
    """What `say` says: behind what each record has stand its fields alone."""


@lru_cache(maxsize=1)
def _second(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()[:19]


class Line(logging.Formatter):
    """level, message, timestamp (RFC 3339, UTC), task, the fields of `extra`, and X-Ray's trace id where one is made.

    A line of the runtime's own logger has names.LOG_FIELD as well, by which tools know it; `extra` cannot set it.
    An exception is told as `describe` tells it, so that `logger.exception` gives no answer away either.
    """

    OWN = frozenset({*vars(logging.makeLogRecord({})), "level", "timestamp", "task", names.LOG_FIELD})
    """What a record has without `extra`, and what `extra` cannot replace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "level": record.levelname,
            "message": record.getMessage(),
            "timestamp": f"{_second(int(record.created))}.{int(record.msecs):03}+00:00",
            "task": os.environ.get(names.TASK, "unknown"),
        }
        if record.name == _OWN_NAME:
            line[names.LOG_FIELD] = names.METADATA
        if type(record) is _Said:
            line.update(islice(vars(record).items(), len(_EMPTY), None))
        else:
            own_names = self.OWN
            line |= {name: value for name, value in vars(record).items() if name not in own_names}
        if record.exc_info and record.exc_info[1]:
            line |= describe(record.exc_info[1]) | traceback_of(record.exc_info[1])
        trace = os.environ.get("_X_AMZN_TRACE_ID", "")
        if "Sampled=1" in trace:
            line["xray_trace_id"] = trace.partition("Root=")[2].partition(";")[0]
        return _json(line)


def say(level: int, message: str, fields: dict[str, Any]) -> None:
    """`own.log(level, message, extra=fields)` for what each message says, a third faster: nobody asks who called.

    No field is in Line.OWN.
    """
    if own.isEnabledFor(level):
        record, now = _Said.__new__(_Said), time.time()
        said = {"levelno": level, "levelname": logging.getLevelName(level), "msg": message}
        record.__dict__ = {**_EMPTY, **said, "created": now, "msecs": now % 1 * 1000, **fields}
        own.handle(record)


def describe(error: BaseException) -> dict[str, str]:
    """`error_type` and `error` of a log line. Nothing in them can be an answer, and nothing is raised, whatever `error` is.

    Our own errors say what they say, cut to MOST_REASON_BYTES. The SDK's are told by operation and code, as their
    messages quote addresses. Any other message could hold whatever the task was working on, so the place it comes from
    stands for it.
    """
    try:
        text = _reason(error) or _place(error)
    except BaseException:
        try:
            text = _place(error)
        except BaseException:
            text = "where is not known"
    return {"error_type": _code(type(error).__name__), "error": text}


def _reason(error: BaseException) -> str | None:
    """What may be said in words. The SDK's error is known by its class, without importing the SDK for it."""
    if issubclass(type(error), TaskError):
        return cut(str.__str__(str(error)), MOST_REASON_BYTES)
    if any((each.__module__, each.__name__) == ("botocore.exceptions", "ClientError") for each in type(error).__mro__):
        told: Any = error
        return f"{_code(told.operation_name, 'call')}: {_code(told.response['Error']['Code'])}"
    return None


def cut(text: str, most_bytes: int) -> str:
    """`text`, or as much of its beginning as fits, with ... behind it; bytes are those of UTF-8."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most_bytes:
        return text
    return encoded[: most_bytes - 3].decode("utf-8", "ignore") + "..."


def _code(text: object, otherwise: str = "unknown") -> str:
    return text if isinstance(text, str) and _CODE.fullmatch(text) else otherwise


def traceback_of(error: BaseException) -> dict[str, str]:
    """`traceback` of a log line, where the settings say that the data is made up: it can quote what a task works on."""
    try:
        if os.environ.get(names.TRACEBACKS) != "true":
            return {}
        if issubclass(type(error), TaskError) and error.__cause__ is None:
            return {}
        return {"traceback": "".join(traceback.format_exception(error))}
    except BaseException:
        return {}


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


def told_by_place() -> None:
    """What ends a thread of a task's own, or is raised where nobody can catch it, is told by `describe` from now on: Python
    prints its words. A hook that somebody else has set stays. https://docs.python.org/3/library/threading.html#threading.excepthook
    """
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _uncaught
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _uncaught


def _uncaught(told: Any) -> None:
    error = told.exc_value
    if not isinstance(error, (SystemExit, decision.AttemptOver)):
        own.error("an exception that nobody caught", extra=describe(error) | traceback_of(error))


def _to_stdout() -> logging.Logger:
    """Every level: Lambda itself leaves out what is below the function's level, by the line's `level`.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    made = logging.getLogger("fanout")
    made.setLevel(logging.DEBUG)
    made.propagate = False  # the root logger is the runtime's, and would say everything again
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Line())
    handler.addFilter(lambda record: not decision.is_over())
    made.handlers = [handler]
    for each in ("boto3", "botocore", "s3transfer", "urllib3"):  # they say whole requests, answers and secrets
        logging.getLogger(each).setLevel(logging.ERROR)
    return made


logger = _to_stdout()
"""A task's."""
own = logging.getLogger(_OWN_NAME)
"""The runtime's."""
