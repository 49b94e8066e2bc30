"""One subscriber: how it is, and, where that is allowed, its pause."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from fanout.console.allowed import PAUSE
from fanout.console.console import Console
from fanout.console.page import Answer, Asked, Page, Route, To
from fanout.console.work import Work
from fanout.errors import OpsError
from fanout.ops.journal import Journal
from fanout.ops.pause import switch
from fanout.ops.reason import kept_reason
from fanout.ops.status.report import health

SHARED_SECONDS = 2.0
AT_ONCE = 3.0
"""Seconds that a page waits for a switch: Lambda takes some to stop or start polling."""


class Switches:
    """What is being paused or resumed now, by task."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.of: dict[str, Work[None]] = {}
        self._lock = threading.Lock()

    def pause(self, asked: Asked) -> Answer:
        stack = self._console.acting
        subscriber = stack.subscriber(asked.path["task"])
        subscriber.require_queue("pause")
        why = kept_reason(asked.form.get("reason", ""), "as in: the receiver is down, INC-123")

        def do(work: Work[None]) -> None:
            switch.pause(subscriber, why, stack.aws.caller, Journal.open(stack, "pause"), work.stop)

        return self._begin(subscriber.task, "pausing", do)

    def resume(self, asked: Asked) -> Answer:
        stack = self._console.acting
        subscriber = stack.subscriber(asked.path["task"])
        subscriber.require_queue("resume")

        def do(work: Work[None]) -> None:
            switch.resume(subscriber, Journal.open(stack, "resume"), work.stop)

        return self._begin(subscriber.task, "resuming", do)

    def _begin(self, task: str, doing: str, do: Callable[[Work[None]], None]) -> Answer:
        """Raises OpsError while another one of the task goes on."""
        with self._lock:
            running = self.of.get(task)
            if running is not None and not running.is_over:
                raise OpsError(
                    f"{task}: nothing was done, as the console is {running.said} it now: ask again after that"
                )
            work = self.of[task] = Work(do)
            work.report(doing)
            work.start()
        work.wait(AT_ONCE)
        return To(f"/tasks/{quote(task, safe='')}")

    def close(self) -> None:
        for each in self.of.values():
            each.stop.asked = True
            each.wait(5)


def routes(console: Console) -> Sequence[Route]:
    switches = Switches(console)
    console.closing.append(switches.close)

    def show(asked: Asked) -> Answer:
        subscriber = console.stack.subscriber(asked.path["task"])
        work = switches.of.get(subscriber.task)
        seconds = 0.0 if work and not work.is_over else SHARED_SECONDS
        now = console.shared.get(("task", subscriber.task), seconds, lambda: health(subscriber))
        facts = {
            "task": subscriber.task,
            "has_queue": bool(subscriber.queue_url),
            "health": now,
            "work": work,
            "at": datetime.now(UTC),
            "commands": [
                f"fanout status {console.target}",
                f"fanout logs {subscriber.task} {console.target}",
                f'fanout pause {subscriber.task} --reason "..." {console.target}',
                f"fanout resume {subscriber.task} {console.target}",
            ],
        }
        return Page("task.html", facts, refresh=2.0)

    return (
        Route("/tasks/{task}", show),
        Route("/tasks/{task}/pause", switches.pause, "POST", PAUSE),
        Route("/tasks/{task}/resume", switches.resume, "POST", PAUSE),
    )
