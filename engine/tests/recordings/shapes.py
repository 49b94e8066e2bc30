"""A webhook breaks and is healed, under steady traffic, and what is seen of it is written down as CloudWatch would count it.

docs/dashboard.svg is drawn from the file. One point is five seconds, where the dashboard's is five minutes: the stack's
retries are seconds on this machine too. Counts of queues are asked for at the end of each point; the rest is from the
logs of the functions, which the embedded AWS writes as Lambda does.
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanout.local.console import console, step
from fanout.local.emulator.connection import without_real_aws
from fanout.local.evidence import Evidence
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.ops.interrupt import postponed
from fanout.project import find_root
from fanout.publisher import EventPublisher
from tests.published import order_placed
from tests.recordings.shapes_counted import Seen, counted

COMMAND = "python -m local shapes"
TASK = "notify_partner"
SECONDS, POINTS = 5.0, 36
DOWN, UP, REDRIVEN = 10, 20, 27
"""The points at which the receiver goes down, is mended, and the dead letters are redriven."""
PER_POINT = (6, 7, 9, 8, 6, 5, 4, 5, 7)
"""Events, over and over."""
DEADLINE = 60.0


@dataclass
class Recording:
    run: Run
    evidence: Evidence
    began: float = 0.0
    seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        self.seen = Seen({task: [] for task in self.evidence.stack.tasks})
        self.service = EventPublisher(self.evidence.stack.topic_arn, session=self.run.connection.session)

    def all(self) -> None:
        self.began = time.time()
        redrive = None
        for point in range(POINTS):
            if point == DOWN:
                self.evidence.receiver.answer(503)
            elif point == UP:
                self.evidence.receiver.heal()
            elif point == REDRIVEN:
                redrive = self._redrive()
            self._publish(point)
            for task, letters in self.seen.letters.items():
                letters.append(self.evidence.dead(task))
        if redrive is not None:
            redrive.wait(DEADLINE)
        wait_until(self._are_empty, what="all queues to be empty", deadline=DEADLINE, every=0.5)

    def _are_empty(self) -> bool:
        return not any(self.evidence.waiting(task) for task in self.seen.letters)

    def _publish(self, point: int) -> None:
        """So many, evenly, until the point is over."""
        count = PER_POINT[point % len(PER_POINT)]
        start = self.began + point * SECONDS
        for number in range(count):
            _sleep_until(start + number * SECONDS / count)
            event = order_placed(shop_id="recorded", order_id=f"{point}-{number}", items={"message": "recorded"})
            self.seen.published[event.id] = time.time()
            self.service.publish(event)
        _sleep_until(start + SECONDS)

    def _redrive(self) -> "subprocess.Popen[bytes]":
        named = {"FANOUT_STACK": self.evidence.stack.name, "FANOUT_HOME": str(self.run.state.folder / "journal")}
        return subprocess.Popen(
            [sys.executable, "-m", "fanout.cli.main", "dead", "redrive", TASK, "--all", "--yes"],
            cwd=find_root(),
            env={**without_real_aws(os.environ), **self.run.connection.variables, **named},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


def record(folder: Path, file: Path) -> None:
    """Writes `file`. Everything that is started is stopped, in whatever way it ends."""
    run = Run(folder, preferred_port=0)
    with run.state.lock(waiting=lambda: console.print("another recording runs in this checkout: waiting for its end")):
        run.down()
        try:
            evidence = run.up()
            recording = Recording(run, evidence)
            with step(f"recording {POINTS} points of {SECONDS:g} seconds"):
                recording.all()
            file.write_text(written(told(recording)))
        finally:
            with postponed(), step("stopping everything"):
                run.down()
    console.print(f"wrote {file}")


def told(recording: Recording) -> dict[str, Any]:
    """{command, seconds_per_point, topic: {metric: [..]}, tasks: {task: {metric: [..]}}}; null where AWS sends nothing."""
    evidence, seen = recording.evidence, recording.seen
    logs = {task: _log(evidence, task) for task in seen.letters}
    topic, tasks = counted(seen, logs, began=recording.began, seconds=SECONDS, points=POINTS)
    return {"command": COMMAND, "seconds_per_point": SECONDS, "topic": topic, "tasks": tasks}


def written(recorded: dict[str, Any]) -> str:
    """JSON with a series on each line."""
    text = json.dumps(recorded, indent=1)
    return re.sub(r"\[[^\]]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def _log(evidence: Evidence, task: str) -> list[tuple[float, str]]:
    """(time in seconds, line) of everything in the task's log group."""
    logs = evidence.emulator.connection.session.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=evidence.stack.subscriber(task).log_group)
    return [(each["timestamp"] / 1000, each["message"]) for page in pages for each in page["events"]]


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))
