"""The night shift, rehearsed: a webhook breaks, fifty events die, and one CLI finds, understands and heals all of them.

Every step is a command of docs/operations.md, run as an operator runs it: with credentials that hold the stack's two
operator policies and nothing else.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from fanout import names
from fanout.local.console import console, step
from fanout.local.demo.evidence import Evidence
from fanout.local.emulator.connection import without_real_aws
from fanout.local.emulator.state import ROOT
from fanout.local.errors import LocalError
from fanout.local.interrupts import postponed
from fanout.local.outputs import STACK
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.publisher import Event, FormEvents, form_submitted

TASK = "notify_webhook"
COUNT = 50
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
            cwd=ROOT,
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


def drill(folder: Path) -> bool:
    """True when every event ended healed, exactly once. Everything is stopped afterwards."""
    run = Run(folder, preferred_port=0)
    began = time.monotonic()
    with run.state.lock(waiting=lambda: console.print("another drill runs in this checkout: waiting for its end")):
        run.down()
        try:
            outputs = run.up()
            healed = _rehearse(run, Evidence(run.emulator, run.receiver, outputs))
        finally:
            with postponed(), step("stopping everything"):
                run.down()
    style = "green" if healed == COUNT else "red"
    seconds = time.monotonic() - began
    console.print(f"[{style} bold]{healed} of {COUNT} events healed, each exactly once, in {seconds:.0f} s[/]")
    return healed == COUNT


def _rehearse(run: Run, evidence: Evidence) -> int:
    operator = Operator(_environment(run, evidence))
    _say("A quiet night. The operator looks: nobody is needed.")
    operator.run("fanout status", status=0)

    _say(f"Then the webhook's receiver goes down (it answers 503), while {COUNT} forms are submitted.")
    evidence.receiver.answer(503)
    events = [
        form_submitted(
            form_id="night-shift", submission_id=f"night-{number:02}", answers={"message": "not for operators"}
        )
        for number in range(COUNT)
    ]
    FormEvents(evidence.outputs.topic_arn, session=run.connection.session).publish_many(events)
    _until_dead(evidence, "three attempts each, and every event is a dead letter")

    _say("The alarm rings. What is wrong, and why?")
    operator.run("fanout status", status=1)
    operator.run(f"fanout dead list {TASK}", status=0)
    operator.run("fanout where night-07", status=1)
    operator.run("fanout dead show night-07", status=0)

    _say("Somebody redrives too early. One canary goes, fails, and the rest stays where it is.")
    operator.run(f"fanout dead redrive {TASK} --all --yes", status=1)
    _until_dead(evidence, "the canary is a dead letter again, and nothing is lost")

    _say("The receiver is mended. What would a redrive do? Then: a canary, and the rest.")
    evidence.receiver.heal()
    operator.run(f"fanout dead redrive {TASK} --all --dry-run", status=0)
    operator.run(f"fanout dead redrive {TASK} --cause TransientError --yes", status=0)
    operator.run("fanout where night-07", status=0)
    operator.run(f"fanout drain {TASK}", status=0)
    operator.run("fanout status", status=0)
    operator.run("fanout doctor", status=0)
    return _healed(evidence, events)


def _environment(run: Run, evidence: Evidence) -> dict[str, str]:
    """Of a fresh user who holds the two policies of the stack's outputs."""
    iam = run.connection.session.client("iam")
    iam.create_user(UserName=USER)
    for output in (names.OPERATOR_READ_POLICY_ARN_OUTPUT, names.OPERATOR_HEAL_POLICY_ARN_OUTPUT):
        iam.attach_user_policy(UserName=USER, PolicyArn=evidence.outputs[output])
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    held = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    named = {"FORM_EVENTS_STACK": STACK, names.HOME: str(run.state.folder / "journal"), "COLUMNS": "110"}
    return {**without_real_aws(os.environ), **run.connection.variables, **held, **named}


def _until_dead(evidence: Evidence, what: str) -> None:
    def all_dead() -> bool:
        return evidence.dead(TASK) == COUNT and evidence.waiting(TASK) == 0

    _wait(all_dead, what)


def _wait(look: Callable[[], bool], what: str) -> None:
    with step(what):
        wait_until(look, what=what, deadline=DEADLINE, every=0.5)


def _healed(evidence: Evidence, events: list[Event]) -> int:
    """Those that the receiver took once, and that are nowhere else."""
    taken = [sum(each.answer == 200 for each in evidence.webhooks(event.id)) for event in events]
    if evidence.dead(TASK) or evidence.waiting(TASK):
        raise LocalError(f"{evidence.dead(TASK)} dead letters and {evidence.waiting(TASK)} events are left")
    return taken.count(1)


def _say(text: str) -> None:
    console.print(f"\n[cyan]{escape(text)}[/]")
