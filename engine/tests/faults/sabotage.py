"""What goes wrong inside a function: copied beside each task of the sabotaged checkout, never imported.

A form's id names the fault and the task it strikes, as in `crash.notify_webhook`; every other task knows nothing of it.
"""

import os
import re
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from events import FormSubmitted
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.event import parse

Task = Callable[[FormSubmitted], None]
Handler = Callable[[dict[str, Any], Any], Any]

SLOWER_THAN_THE_DEADLINE = 5.5
"""Seconds: the function gives a message back five seconds after it began."""


def sabotaged(task: Task, handler_of: Callable[[Task], Handler]) -> Handler:
    armed: set[str] = set()

    def spoilt(form: FormSubmitted) -> None:
        fault = form.id in armed and _fault(form)
        if fault in BEFORE:
            BEFORE[fault](form)
        task(form)
        if fault == "crash-after-the-effect":
            os._exit(1)

    inner = handler_of(spoilt)

    def handle(event: dict[str, Any], context: Any) -> Any:
        forms = [form for record in event["Records"] if (form := _form(record["body"]))]
        armed.clear()
        armed.update(form.id for form in forms if _strikes(form))
        answer = inner(event, context)
        if any(form.id in armed and _fault(form) == "redelivered" for form in forms):
            os._exit(1)  # done and recorded, but SQS never hears of it
        return answer

    return handle


def _raise(error: Callable[[FormSubmitted], BaseException]) -> Task:
    def fail(form: FormSubmitted) -> None:
        raise error(form)

    return fail


BEFORE: dict[str | bool, Task] = {
    "raise": _raise(lambda form: TransientError("the dependency answered 503")),
    "bug": _raise(lambda form: KeyError(form.answers, form.submitter.name, form.body)),
    "flaky": _raise(lambda form: ConnectionError(form.body)),
    "exit": _raise(lambda form: SystemExit(1)),
    "permanent": _raise(lambda form: PermanentError("the dependency answered 410")),
    "burial-refused": _raise(lambda form: PermanentError("the dependency answered 410")),
    "visibility-refused": _raise(lambda form: TransientError("the dependency answered 503")),
    "slow": lambda form: time.sleep(SLOWER_THAN_THE_DEADLINE),
    "crash": lambda form: os._exit(1),
    "crash-always": lambda form: os._exit(1),
    "killed": lambda form: os.kill(os.getpid(), signal.SIGKILL),  # as Lambda does when memory runs out
    # A search that never ends and never lets another thread run: no deadline of ours can come in between.
    "time-out": lambda form: print(re.match("(a+)+$", "a" * 64 + "b")),
}
ALWAYS = ("raise", "bug", "permanent", "burial-refused", "crash-always")
"""The others strike the first attempt alone."""


def _fault(form: FormSubmitted) -> str:
    fault, _, task = form.form_id.partition(".")
    return fault if task == os.environ["FANOUT_TASK"] else ""


def _strikes(form: FormSubmitted) -> bool:
    fault = _fault(form)
    if not fault or fault in ALWAYS:
        return bool(fault)
    mark = Path(tempfile.gettempdir(), f"struck-{os.environ['FANOUT_TASK']}-{form.id}")
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _form(body: str) -> FormSubmitted | None:
    try:
        event = parse(body, FormSubmitted)
    except PermanentError:
        return None
    return event if isinstance(event, FormSubmitted) else None
