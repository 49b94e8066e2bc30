"""Everything that can go wrong, made to go wrong, on the deployed stack; and then the books: is any event missing?"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fanout.local.console import console, step
from fanout.local.evidence import Evidence
from fanout.ops.interrupt import postponed
from tests.faults.canary import places
from tests.faults.ledger import Ledger
from tests.faults.plan import Fault, Plan, draw
from tests.faults.run import FaultsRun
from tests.faults.verdicts import conclude
from tests.faults.view import Result, show
from tests.faults.waves import Say, Waves
from tests.faults.workers import said


def faults(folder: Path, *, events: int, seed: int, faults: Sequence[Fault], as_json: bool) -> bool:
    """True when all of it holds. Everything that it starts is stopped, in whatever way it ends."""
    run = FaultsRun(folder, preferred_port=0)
    began = time.monotonic()
    if as_json:
        console.quiet = True
    console.print(f"seed {seed}: the same faults again with --seed {seed} --events {events}")
    with run.state.lock(waiting=lambda: console.print("another `faults` runs in this checkout: waiting for its end")):
        run.down()  # what a killed one may have left
        try:
            evidence = run.up()
            plan = draw(seed, events, evidence.stack.tasks, faults)
            result = _prove(run, evidence, plan, began)
        finally:
            with postponed(), step("stopping everything"):
                run.down()
    if as_json:
        sys.stdout.write(json.dumps(result.told(), indent=2) + "\n")
    else:
        show(result, evidence.stack.tasks)
    return result.holds


def _prove(run: FaultsRun, evidence: Evidence, plan: Plan, began: float) -> Result:
    ledger = Ledger(evidence, partial(said, run))
    with _progress(plan.count) as say:
        Waves(run, ledger, plan, say).all()
    with step("counting what became of every event, and looking for answers in every log"):
        rows, books = conclude(plan, ledger)
        letters = [letter for book in books.values() for letter in book.dead]
        found = places(run, plan.canary, letters)
        if letters and not any(plan.canary in letter.body for letter in letters):
            found.append("search: it does not even find what is in the bodies of dead letters")
    return Result(plan, rows, found, time.monotonic() - began)


@contextmanager
def _progress(events: int) -> Iterator[Say]:
    columns = (
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=events)

        def say(text: str, through: int) -> None:
            progress.update(bar, description=text, advance=through)
            if through and not console.is_terminal:
                console.print(f"{text}: {through} events")

        yield say
