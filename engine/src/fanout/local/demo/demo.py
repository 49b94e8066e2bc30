"""From nothing to proof: everything up, real events through the app's tasks, what became of each, everything down."""

import time
from pathlib import Path

from rich.live import Live
from rich.markup import escape

from fanout import names
from fanout.local import app
from fanout.local.console import console, step
from fanout.local.demo.publisher import publish, publisher_session, refusal
from fanout.local.demo.verdicts import DEAD, Trial, Verdict
from fanout.local.demo.view import show_dead_letters, show_evidence, table_of
from fanout.local.errors import LocalError
from fanout.local.evidence import Evidence
from fanout.local.interrupts import postponed
from fanout.local.run import Run
from fanout.publisher import Event

DEADLINE = 45.0
LOOK_EVERY = 0.25  # looking costs the functions' own processor time; the milliseconds come from their logs


def demo(folder: Path) -> bool:
    """True when every outcome was as expected. It has its own folder, and leaves a developer's `make up` alone."""
    run = Run(folder, preferred_port=0)
    began = time.monotonic()
    with run.state.lock(waiting=lambda: console.print("another demo runs in this checkout: waiting for its end")):
        run.down()  # what a killed demo may have left
        try:
            verdicts = _prove(run.up())
        finally:
            with postponed(), step("stopping everything"):
                run.down()
    return _conclude(verdicts, time.monotonic() - began)


def _prove(evidence: Evidence) -> list[Verdict]:
    told = app.load()
    tasks, events = told.of(evidence.stack), told.events()
    published_at = _publish(evidence, list(events.values()))
    verdicts = _watch(Trial(evidence, tasks, events, published_at))
    console.print()
    show_evidence(evidence, tasks, list(events.values()))
    show_dead_letters(evidence, tasks, {event.id: name for name, event in events.items()})
    console.print()
    return verdicts


def _publish(evidence: Evidence, events: list[Event]) -> float:
    """When it began."""
    topic_arn = evidence.stack.topic_arn
    publisher = publisher_session(
        evidence.emulator.connection, evidence.stack.outputs[names.PUBLISHER_POLICY_ARN_OUTPUT]
    )
    with step(f"publishing {len(events)} events with credentials that hold the publisher policy alone"):
        published_at = time.time()
        publish(publisher, topic_arn, events)
    refused = refusal(publisher, topic_arn)
    if not refused:
        raise LocalError("the publisher's credentials may list subscriptions: they hold more than the publisher policy")
    console.print(f"[green]✓[/] [dim]the same credentials may not even ask who listens: {refused}[/]\n")
    return published_at


def _watch(trial: Trial) -> list[Verdict]:
    end = time.monotonic() + DEADLINE
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(table_of(trial.look()), refresh=console.is_terminal)
            if trial.is_over or time.monotonic() > end:
                break
            time.sleep(LOOK_EVERY)
        verdicts = trial.conclude()
        live.update(table_of(verdicts))
    return verdicts


def _conclude(verdicts: list[Verdict], seconds: float) -> bool:
    wrong = [each for each in verdicts if not each.as_expected]
    for each in wrong:
        told = f"{each.name} at {each.task}: {each.status} after {each.attempts} attempts; {each.evidence}"
        console.print(f"[red]not as expected:[/] {escape(told)}")
    right = len(verdicts) - len(wrong)
    dead = sum(each.status == DEAD for each in verdicts)
    style = "red" if wrong else "green"
    told = f"{right} of {len(verdicts)} outcomes as expected ({dead} dead letter{'' if dead == 1 else 's'}), in {seconds:.1f} s"
    console.print(f"[{style} bold]{told}[/]")
    return not wrong
