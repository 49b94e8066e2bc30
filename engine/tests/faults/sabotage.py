"""What goes wrong inside a function: copied beside each task of the sabotaged checkout, never imported.

An order's id names the fault and the task it strikes, as in `crash.notify_partner`; every other task knows nothing of it.
"""

import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from events import OrderPlaced
from fanout.runtime.errors import PermanentError, TransientError
from fanout.runtime.event import parse

Task = Callable[[OrderPlaced], None]
Handler = Callable[[dict[str, Any], Any], Any]

SLOWER_THAN_THE_DEADLINE = 5.5
"""Seconds: the function gives a message back five seconds after it began."""
AT_WORK = 4.0
"""Seconds in which a worker is met at work."""


def sabotaged(task: Task, handler_of: Callable[[Task], Handler]) -> Handler:
    armed: set[str] = set()

    def spoilt(order: OrderPlaced) -> None:
        fault = order.id in armed and _fault(order)
        if fault in BEFORE:
            BEFORE[fault](order)
        task(order)
        if fault == "crash-after-the-effect":
            os._exit(1)

    inner = handler_of(spoilt)

    def handle(event: dict[str, Any], context: Any) -> Any:
        orders = [order for record in event["Records"] if (order := _form(record["body"]))]
        armed.clear()
        armed.update(order.id for order in orders if _strikes(order))
        answer = inner(event, context)
        if any(order.id in armed and _fault(order) == "redelivered" for order in orders):
            os._exit(1)  # done and recorded, but SQS never hears of it
        return answer

    def alone(order: OrderPlaced) -> None:
        """For a worker, which has no batches."""
        if _strikes(order):
            armed.add(order.id)
        spoilt(order)

    handle.task = alone  # type: ignore[attr-defined]
    return handle


def _raise(error: Callable[[OrderPlaced], BaseException]) -> Task:
    def fail(order: OrderPlaced) -> None:
        raise error(order)

    return fail


_for_ever = threading.Thread(target=threading.Event().wait, daemon=True)
_for_ever.start()

BEFORE: dict[str | bool, Task] = {
    "raise": _raise(lambda order: TransientError("the dependency answered 503")),
    "bug": _raise(lambda order: KeyError(order.items, order.customer.name, order.body)),
    "flaky": _raise(lambda order: ConnectionError(order.body)),
    "exit": _raise(lambda order: SystemExit(1)),
    "permanent": _raise(lambda order: PermanentError("the dependency answered 410")),
    "burial-refused": _raise(lambda order: PermanentError("the dependency answered 410")),
    "visibility-refused": _raise(lambda order: TransientError("the dependency answered 503")),
    "poison": _raise(lambda order: PermanentError("the dependency answered 410")),
    "hangs": lambda order: _for_ever.join(),
    "slow": lambda order: time.sleep(SLOWER_THAN_THE_DEADLINE),
    **dict.fromkeys(
        ("worker-killed", "worker-ended", "worker-restarted", "worker-frozen"), lambda order: time.sleep(AT_WORK)
    ),
    "crash": lambda order: os._exit(1),
    "crash-always": lambda order: os._exit(1),
    "killed": lambda order: os.kill(os.getpid(), signal.SIGKILL),  # as Lambda does when memory runs out
    # A search that never ends and never lets another thread run: no deadline of ours can come in between.
    "time-out": lambda order: print(re.match("(a+)+$", "a" * 64 + "b")),
}
ALWAYS = ("raise", "bug", "permanent", "burial-refused", "crash-always")
"""The others strike the first attempt alone."""


def _fault(order: OrderPlaced) -> str:
    fault, _, task = order.shop_id.partition(".")
    return fault if task == os.environ["FANOUT_TASK"] else ""


def _strikes(order: OrderPlaced) -> bool:
    fault = _fault(order)
    if not fault or fault in ALWAYS:
        return bool(fault)
    mark = Path(tempfile.gettempdir(), f"struck-{os.environ['FANOUT_TASK']}-{order.id}")
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _form(body: str) -> OrderPlaced | None:
    try:
        event = parse(body, OrderPlaced)
    except PermanentError:
        return None
    return event if isinstance(event, OrderPlaced) else None
