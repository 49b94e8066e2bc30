"""An event of the runtime itself, by which `fanout verify` proves the way of an event: no task sees it.

It goes the whole way of an event: claimed and recorded, tried again, dead with its cause, one log line for each attempt.
It says nothing of a task: it counts as none of its events, and neither opens a circuit nor closes one.
"""

import os
import re
import time
from typing import Any, Self

from fanout import names
from fanout.runtime import decision
from fanout.runtime.errors import ContractViolation, PermanentError, TransientError
from fanout.runtime.event import Event, envelope

ACTS = ("done", "transient", "permanent", "slow", "crash")
LONGEST_SECONDS = 3_600
MOST_ATTEMPTS = 1_000
_TASK = r"[a-z][a-z0-9_]{0,63}"
_STEP = 0.1
_exit = os._exit


class Probe(Event):
    """`do` happens at `task` ("": at each) before attempt `until_attempt`, within `seconds` after the event's time.

    Anywhere else, and at any other attempt or time, it is done: so what a killed `fanout verify` leaves in a queue ends
    by itself, and a dead one that is redriven later is done.

    `done`: nothing; `transient`, `permanent`: raises such an error; `slow`: does not end in the function's time;
    `crash`: ends the process, and only at a task that it names.
    """

    TYPE = ""
    """None of its own: any that ends with names.PROBE_SUFFIX."""
    __slots__ = ("task", "do", "until_attempt", "seconds")  # noqa: RUF023  # in the order of their values
    _FIELDS = Event._FIELDS + __slots__  # type: ignore[assignment]  # one longer than Event's own

    task: str
    do: str
    until_attempt: int
    seconds: int

    @classmethod
    def _takes(cls, type_: Any) -> bool:
        return isinstance(type_, str) and type_.endswith(names.PROBE_SUFFIX)

    @classmethod
    def _read(cls, event: dict[str, Any], body: str) -> Self:
        id_, at = envelope(event)
        data = event.get("data")
        if not isinstance(data, dict):
            raise ContractViolation("event.data must be object")
        task, do = data.get("task") or "", data.get("do")
        if not isinstance(task, str) or not re.fullmatch(_TASK + "|", task):
            raise ContractViolation("data.task must be a task's name, or null")
        if do not in ACTS:
            raise ContractViolation(f"data.do must be one of {', '.join(ACTS)}")
        if do == "crash" and not task:
            raise ContractViolation("data.task must name the task that is to crash")
        until = _bounded(data, "until_attempt", MOST_ATTEMPTS)
        seconds = _bounded(data, "seconds", LONGEST_SECONDS)
        return cls(id_, event["source"], event["type"], at, "", "", event, body, task, do, until, seconds)

    def happen(self, attempt: int) -> None:
        """What it says, at this attempt of this function's task; returns where it is done."""
        here = self.task in ("", os.environ.get(names.TASK))
        if not here or attempt >= self.until_attempt or not self._is_young():
            return
        if self.do == "transient":
            raise TransientError("the probe asked for a failure that passes")
        if self.do == "permanent":
            raise PermanentError("the probe asked for a failure that stays")
        if self.do == "crash":
            _exit(1)
        while self.do == "slow":
            decision.check()  # its thread ends with its attempt
            time.sleep(_STEP)

    def _is_young(self) -> bool:
        return abs(time.time() - self.time.timestamp()) < self.seconds


def _bounded(data: dict[str, Any], name: str, most: int) -> int:
    value = data.get(name, most)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ContractViolation(f"data.{name} must be a whole number from 0 to {most}")
    return value
