"""From nothing to proof: everything up, real events through the app's tasks, what became of each, everything down."""

import time
from collections.abc import Mapping
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
from fanout.local.intake import FINISHED, FilledIn, intake_of, wait_for_status
from fanout.local.run import Run
from fanout.ops.interrupt import postponed
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
    began = time.time()
    filled_in = _fill_in(evidence, told)
    tasks, published = told.of(evidence.stack), told.events()
    _publish(evidence, list(published.values()))
    events = {**{name: each.event for name, each in filled_in.items()}, **published}
    verdicts = _watch(Trial(evidence, tasks, events, began))
    verdicts += _ask(evidence, filled_in)
    console.print()
    show_evidence(evidence, tasks, list(events.values()))
    show_dead_letters(evidence, tasks, {event.id: name for name, event in events.items()})
    console.print()
    return verdicts


def _fill_in(evidence: Evidence, told: app.App) -> dict[str, FilledIn]:
    """By HTTP, as a browser does, where the app has an intake."""
    intake = intake_of(evidence.emulator.connection)
    if intake is None:
        return {}
    found = {}
    for name, answers in told.entries.items():
        with step(f"filling in {name} at {intake.url}/{name}"):
            found[f"{name}, filled in"] = intake.fill_in(name, answers)
    return found


def _ask(evidence: Evidence, filled_in: Mapping[str, FilledIn]) -> list[Verdict]:
    """The status page of each entry, for which records may be a moment behind the tasks' logs."""
    intake = intake_of(evidence.emulator.connection)
    found = []
    if filled_in and not console.is_terminal:
        console.print()
    for name, each in filled_in.items() if intake else ():
        assert intake is not None
        status = wait_for_status(intake, each)
        told = ", ".join(f"{task}: {state}" for task, state in status.tasks.items())
        is_done = set(status.tasks.values()) == {FINISHED}
        mark = "[green]✓[/]" if is_done else "[red bold]✗[/]"
        line = f"{mark} the status page of {escape(name)}, says: {escape(status.word)} ({escape(told)})"
        console.print(line, soft_wrap=True)
        found.append(Verdict(name, "status page", status.word, 1, None, told, is_done))
    return found


def _publish(evidence: Evidence, events: list[Event]) -> None:
    topic_arn = evidence.stack.topic_arn
    publisher = publisher_session(
        evidence.emulator.connection, evidence.stack.outputs[names.PUBLISHER_POLICY_ARN_OUTPUT]
    )
    with step(f"publishing {len(events)} events with credentials that hold the publisher policy alone"):
        publish(publisher, topic_arn, events)
    refused = refusal(publisher, topic_arn)
    if not refused:
        raise LocalError("the publisher's credentials may list subscriptions: they hold more than the publisher policy")
    console.print(f"[green]✓[/] [dim]the same credentials may not even ask who listens: {refused}[/]\n")


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
