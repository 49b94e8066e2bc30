"""`python benchmarks/peers/on_call.py status Many`: one operator's command on a deployed stack, with what AWS was asked for it.

Every call waits for LATENCY more, as between an operator and AWS. Prints JSON: `seconds`, `calls`, `rounds`, the greatest number of calls
of which each began after the one before had ended, and `slowest`, the seconds of one. A number instead of a command puts so many dead letters into the first queue.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock, local
from typing import Any

import boto3

from fanout.ops.aws.discovery import find
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters.browse import MOST, TEN
from fanout.ops.dead_letters.summary import collect
from fanout.ops.doctor import doctor
from fanout.ops.interrupt import Stop
from fanout.ops.status import report as status
from fanout.ops.timeline.tail import follow_outcomes
from fanout.ops.timeline.timeline import for_stack

LATENCY = 0.05
"""Seconds."""
AGAIN = "status again"
"""As --watch looks: the stack is known, and so are the SDK's clients."""
COMMANDS: dict[str, Callable[[Stack], Any]] = {
    "doctor": doctor.examine,
    "where": lambda stack: for_stack(stack, "an event that nobody has"),
    "tail": lambda stack: list(
        follow_outcomes(
            stack.subscribers, datetime.now(UTC) - timedelta(minutes=1), 1.0, Stop(), once=True, unread=print
        )
    ),
    "dead list": lambda stack: collect(stack, None, limit=MOST),
}


class Calls:
    """Of every client of a session, by when each began and ended."""

    def __init__(self, session: boto3.Session) -> None:
        self.spans: list[tuple[float, float]] = []
        self._here, self._lock = local(), Lock()
        session.events.register("before-send", self._begin)
        delay(session, LATENCY)
        session.events.register("response-received", self._end)

    def _begin(self, **_: Any) -> None:
        self._here.began = time.perf_counter()

    def _end(self, **_: Any) -> None:
        with self._lock:
            self.spans.append((self._here.began, time.perf_counter()))

    @property
    def slowest(self) -> float:
        """Seconds."""
        return max(ended - began for began, ended in self.spans)

    @property
    def rounds(self) -> int:
        found, last = 0, float("-inf")
        for began, ended in sorted(self.spans, key=lambda span: span[1]):
            if began >= last:
                found, last = found + 1, ended
        return found


def delay(session: boto3.Session, seconds: float) -> None:
    """Each call, as between an operator and AWS."""
    if seconds:
        session.events.register("before-send", lambda **_: time.sleep(seconds))


def fill(aws: Aws, url: str, messages: Sequence[Mapping[str, Any]]) -> None:
    """A queue, with these, as SendMessage takes them."""

    def send(start: int) -> None:
        entries = [{"Id": str(number), **each} for number, each in enumerate(messages[start : start + TEN])]
        aws.sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]

    in_lanes(send, range(0, len(messages), TEN))


def bury(stack: Stack, count: int) -> None:
    event = {
        "specversion": "1.0",
        "id": "letter",
        "source": "benchmarks",
        "type": "order.placed.v1",
        "data": {"order_id": "letter"},
    }
    fill(stack.aws, stack.subscribers[0].dead_letter_queue_url, [{"MessageBody": json.dumps(event)}] * count)


def main(command: str, name: str) -> None:
    session = boto3.Session(region_name=os.environ["AWS_REGION"])
    if command.isdecimal():
        bury(find(Aws(session), name), int(command))
        return
    aws, calls, began = Aws(session), Calls(session), time.perf_counter()
    if command in ("status", AGAIN):
        stack, _ = status.first_look(aws, name)
    else:
        COMMANDS[command](find(aws, name))
    if command == AGAIN:
        calls.spans.clear()
        began = time.perf_counter()
        status.report(stack)
    seconds = time.perf_counter() - began
    told = {"seconds": seconds, "calls": len(calls.spans), "rounds": calls.rounds, "slowest": calls.slowest}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
