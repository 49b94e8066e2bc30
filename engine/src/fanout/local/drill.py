"""The night shift, rehearsed: a task breaks, fifty events die, and one CLI finds, understands and heals all of them.

Every step is a command of docs/operations.md, run as an operator runs it: with credentials that hold the stack's two
operator policies and nothing else.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from fanout import names
from fanout.local import app
from fanout.local.app import App, Task
from fanout.local.console import console, step
from fanout.local.demo.filtered import is_filtered_out
from fanout.local.emulator.connection import without_real_aws
from fanout.local.errors import LocalError
from fanout.local.evidence import Evidence
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.ops.interrupt import postponed
from fanout.project import find_root
from fanout.publisher import Event, EventPublisher, checked_event

COUNT = 50
ONE = "night-07"
"""The id of the event that the operator asks about."""
DEADLINE = 90.0
USER = "drill-operator"


@dataclass(frozen=True)
class Operator:
    """At a shell of their own."""

    environment: dict[str, str]

    def run(self, command: str, *, status: int) -> str:
        """Shows the command and what it says; anything but the exit status that is expected ends the drill."""
        console.print(f"\n[bold]$ {escape(command)}[/]")
        program = [sys.executable, "-m", "fanout.cli.main", *shlex.split(command)[1:]]
        done = subprocess.run(
            program,
            cwd=find_root(),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        console.print(escape((done.stdout + done.stderr).rstrip()), soft_wrap=True)
        if done.returncode != status:
            raise LocalError(f"`{command}` ended with {done.returncode}: expected {status}")
        return done.stdout


def drill(folder: Path, name: str | None = None) -> bool:
    """True when every event ended healed, exactly once. Everything is stopped afterwards.

    `name` is of the task to break; else demo.py's BREAK, or the first.
    """
    run = Run(folder, preferred_port=0)
    began = time.monotonic()
    with run.state.lock(waiting=lambda: console.print("another drill runs in this checkout: waiting for its end")):
        run.down()
        try:
            evidence = run.up()
            told = app.load()
            task = _chosen(told, evidence, name)
            healed = _Rehearsal(run, evidence, task, _event(told, evidence, task)).all()
        finally:
            with postponed(), step("stopping everything"):
                run.down()
    style = "green" if healed == COUNT else "red"
    seconds = time.monotonic() - began
    console.print(f"[{style} bold]{healed} of {COUNT} events healed, each exactly once, in {seconds:.0f} s[/]")
    return healed == COUNT


def _chosen(told: App, evidence: Evidence, name: str | None) -> Task:
    tasks = {each.name: each for each in told.of(evidence.stack)}
    if name is not None and name not in tasks:
        raise LocalError(f"no task {name!r} is deployed: it is one of {', '.join(tasks)}")
    if not tasks:
        raise LocalError(f"{evidence.stack.name} has no subscriber: there is nothing to break")
    return tasks.get(name or told.breaks or "") or next(iter(tasks.values()))


def _event(told: App, evidence: Evidence, task: Task) -> Event:
    """One of the demo's that the task gets, and is not meant to refuse."""
    subscriber = evidence.stack.subscriber(task.name)
    for event in told.events().values():
        if not task.refuses(event) and not is_filtered_out(subscriber, event):
            return event
    raise LocalError(f"the filter of {task.name} lets no event of the demo through: add one to events() in demo.py")


@dataclass(frozen=True)
class _Rehearsal:
    run: Run
    evidence: Evidence
    task: Task
    event: Event

    def all(self) -> int:
        """How many of the events were healed."""
        task, operator = self.task.name, Operator(_environment(self.run, self.evidence))
        _say("A quiet night. The operator looks: nobody is needed.")
        operator.run("fanout status", status=0)

        _say(f"Then {task} breaks ({self.task.breaks}), while {COUNT} events are published.")
        self.task.break_down(self.evidence)
        EventPublisher(self.evidence.stack.topic_arn, session=self.run.connection.session).publish_many(self._events())
        self._until_dead("all its attempts each, and every event is a dead letter")

        _say("The alarm rings. What is wrong, and why?")
        operator.run("fanout status", status=1)
        operator.run(f"fanout dead list {task}", status=0)
        operator.run(f"fanout where {ONE}", status=1)
        operator.run(f"fanout dead show {ONE}", status=0)

        _say("Somebody redrives too early. One canary goes, fails, and the rest stays where it is.")
        operator.run(f"fanout dead redrive {task} --all --yes", status=1)
        self._until_dead("the canary is a dead letter again, and nothing is lost")

        _say("It is mended. What would a redrive do? Then: a canary, and the rest.")
        self.task.mend(self.evidence)
        operator.run(f"fanout dead redrive {task} --all --dry-run", status=0)
        operator.run(f"fanout dead redrive {task} --cause TransientError --yes", status=0)
        operator.run(f"fanout where {ONE}", status=0)
        operator.run(f"fanout drain {task} --quiet-for 2", status=0)
        operator.run("fanout status", status=0)
        operator.run("fanout doctor", status=0)
        return self._healed()

    def _events(self) -> list[Event]:
        """The same event under ids of their own."""
        like = json.loads(self.event.body)
        return [checked_event({**like, "id": f"night-{number:02}"}) for number in range(COUNT)]

    def _until_dead(self, what: str) -> None:
        evidence, task = self.evidence, self.task.name
        with step(what):
            wait_until(
                lambda: evidence.dead(task) == COUNT and evidence.waiting(task) == 0,
                what=what,
                deadline=DEADLINE,
                every=0.5,
            )

    def _healed(self) -> int:
        """Those whose work was done once, and that are nowhere else."""
        evidence, task = self.evidence, self.task.name
        if evidence.dead(task) or evidence.waiting(task):
            raise LocalError(f"{evidence.dead(task)} dead letters and {evidence.waiting(task)} events are left")
        done = Counter(self.task.effects(evidence))
        return sum(done[event.id] == 1 for event in self._events())


def _environment(run: Run, evidence: Evidence) -> dict[str, str]:
    """Of a fresh user who holds the two policies of the stack's outputs."""
    iam = run.connection.session.client("iam")
    iam.create_user(UserName=USER)
    for output in (names.OPERATOR_READ_POLICY_ARN_OUTPUT, names.OPERATOR_HEAL_POLICY_ARN_OUTPUT):
        iam.attach_user_policy(UserName=USER, PolicyArn=evidence.stack.outputs[output])
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    held = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    named = {
        names.STACK: evidence.stack.name,
        names.HOME: str(run.state.folder / "journal"),
        "COLUMNS": "110",
    }
    return {**without_real_aws(os.environ), **run.connection.variables, **held, **named}


def _say(text: str) -> None:
    console.print(f"\n[cyan]{escape(text)}[/]")
