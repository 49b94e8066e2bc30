"""A container that Lambda freezes behind each answer: monotonic time stands still then, the wall clock goes on, sockets die.

`invoke` is one invocation on time that passes only where somebody waits for it: a task in `hang` or `work_for`, the batch
for its deadline. Each thread that was left over goes on at the next thaw, before anything else of that invocation.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import json
import threading
from collections.abc import Callable, Sequence
from queue import Empty
from types import SimpleNamespace
from typing import Any

import pytest

from events import OrderPlaced
from fanout.runtime import attempt, batch, dead_letters, decision, retry, threads
from fanout.runtime.dead_letters import CAUSE
from fanout.runtime.outcome import Record
from tests.unit.lambdas.given import example, handler, record

TIMEOUT_MS = 30_000
BEGIN = threads._begin


class Left(BaseException):
    """Where the process would have ended."""


class Sqs:
    """A client of the runtime: refused once its attempt is over, and dead for a request that was under way in a freeze."""

    def __init__(self) -> None:
        self.dead: dict[str, dict[str, Any]] = {}
        self.hidden: dict[str, int] = {}
        self.slow: Callable[[], object] = lambda: None

    def send_message(self, **request: Any) -> dict[str, str]:
        decision.check()
        self.slow()
        cause = json.loads(request["MessageAttributes"][CAUSE]["StringValue"])
        self.dead[cause["message_id"]] = cause
        return {"MessageId": "dead-letter"}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        decision.check()
        self.slow()
        for each in request["Entries"]:
            self.hidden[each["ReceiptHandle"].removeprefix("handle of ")] = each["VisibilityTimeout"]
        return {"Successful": []}


class Container:
    """One task in one container. `work` is what the task does with an event's id; it may call `hang` and `work_for`."""

    def __init__(self, work: Callable[[str], object], patch: pytest.MonkeyPatch) -> None:
        self.work = work
        self.mono = 1_000.0
        self.wall = 1_700_000_000.0
        self.changed = threading.Condition()
        self.waiting: list[Callable[[], bool]] = []
        """Of each thread that waits, for time to pass or for ever: whether that is over."""
        self.gone = False
        self.sqs = Sqs()
        self.tried: list[str] = []
        self.effects: list[str] = []
        self.left = False
        self.thawed = threading.Event()
        self.handle = handler(lambda order: self._task(order))
        patch.setattr(retry, "client", lambda service: self.sqs)
        patch.setattr(dead_letters, "client", lambda service: self.sqs)
        clock = SimpleNamespace(monotonic=lambda: self.mono, perf_counter=lambda: self.mono, time=lambda: self.wall)
        for module in (threads, batch, attempt):
            patch.setattr(module, "time", clock)
        self.jobs: list[threading.Event] = []
        patch.setattr(threads, "_begin", self._begin)
        patch.setattr(threads, "_reasons", lambda: _Reasons(self))
        patch.setattr(threads, "_given_up", [])
        patch.setattr(batch, "_exit", self._exit)

    def _begin(self, run: threads.Run, ended: threading.Event) -> None:
        """It is busy until the batch has heard of its end."""

        def heard() -> None:
            run()
            with self.changed:
                self.jobs.remove(ended)
                self.changed.notify_all()

        self.jobs.append(ended)
        try:
            BEGIN(heard, ended)
        except RuntimeError:
            self.jobs.remove(ended)
            raise

    def _exit(self, status: int) -> None:
        assert status == 1
        self.left = True
        raise Left

    def _task(self, order: OrderPlaced) -> None:
        self.tried.append(order.id)
        self.work(order.id)
        decision.check()  # the effect is a request of a client of the runtime
        self.effects.append(order.id)

    def hang(self) -> None:
        """For as long as the container lives."""
        self._wait(lambda: False)

    def until_thaw(self) -> None:
        """As long as this invocation lasts, and into the next."""
        self._wait(self.thawed.is_set)

    def work_for(self, seconds: float) -> None:
        until = self.mono + seconds
        self._wait(lambda: self.mono >= until)

    def _wait(self, over: Callable[[], bool]) -> None:
        with self.changed:
            self.waiting.append(over)
            self.changed.notify_all()
            self.changed.wait_for(lambda: over() or self.gone, 20)
            self.waiting.remove(over)
            if self.gone:
                raise decision.AttemptOver

    def busy(self) -> int:
        """Threads that do something just now."""
        return len(self.jobs) - sum(not over() for over in self.waiting)

    def end(self) -> None:
        """Of the container: no thread of it is left."""
        with self.changed:
            self.gone = True
            self.changed.notify_all()
            self.changed.wait_for(lambda: not self.jobs, 5)

    def invoke(self, records: Sequence[Record], frozen_for: float = 3_600) -> set[str] | None:
        """The ids of the messages that come back, after one freeze; None: the process was left."""
        context = SimpleNamespace(aws_request_id="request", get_remaining_time_in_millis=lambda: TIMEOUT_MS)
        began = self.mono
        try:
            answer = self.handle({"Records": list(records)}, context)
        except Left:
            return None
        assert self.mono - began < TIMEOUT_MS / 1000, "the answer came too late"
        self.wall += frozen_for
        return {each["itemIdentifier"] for each in answer["batchItemFailures"]}

    def thaw(self) -> None:
        """What was left over and can go on goes on, until it ends or waits again."""
        with self.changed:
            self.thawed.set()
            self.thawed = threading.Event()
            self.changed.notify_all()
            while self.busy():
                self.changed.wait(0.001)


class _Reasons:
    """The queue in which the batch hears of attempts that ended: when every thread waits, time passes."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.items: list[Any] = []

    def put(self, item: Any) -> None:
        with self.container.changed:
            self.items.append(item)
            self.container.changed.notify_all()

    def get(self, timeout: float) -> Any:
        at = self.container
        until = at.mono + timeout
        with at.changed:
            while not self.items:
                if at.busy():
                    at.changed.wait(0.001)
                elif at.mono >= until:
                    raise Empty
                else:
                    at.mono = min(at.mono + 1.0, until)
                    at.changed.notify_all()
            return self.items.pop(0)


def message(id_: str, received: int = 1, group: str | None = None) -> Record:
    made = record(json.dumps({**example(), "id": id_}), id_, received=received)
    if group is not None:
        made["eventSourceARN"] += ".fifo"
        made["attributes"]["MessageGroupId"] = group
    return made
