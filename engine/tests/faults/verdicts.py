"""Whether it holds: for every event at every task, and for the orders' answers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.ledger import Ledger, Letter, Story
from tests.faults.plan import ALL, CRASH_ALWAYS, MIXED, Fault, Plan

ELSEWHERE = "elsewhere"
UNTOUCHED = (*MIXED, CRASH_ALWAYS)
"""Faults during which the tasks that they do not strike must not notice anything. In the others' waves, each task has
a fault of its own, which strikes its neighbours."""


@dataclass(frozen=True)
class Row:
    """What became of the events of one fault at one task, or at all the tasks that it did not strike."""

    fault: str
    task: str
    published: int
    done: int
    dead: int
    waiting: int
    lost: int
    repeated: int
    in_the_window: int
    """Effects that came again because the first was not recorded: the one gap."""
    dead_though_done: int
    """A copy died while the other was at work, or its last answer came too late."""
    unexplained: int
    """Dead letters that nothing leads to a cause."""
    touched: int
    """Elsewhere: events that failed or died though nothing of theirs was struck."""
    as_expected: bool


@dataclass
class Books:
    """One task's."""

    effects: Counter[str]
    dead: list[Letter]
    waiting: list[Letter]
    story: Story
    failed: set[str] = field(init=False)
    unrecorded: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.failed, self.unrecorded = self.story.failed(), self.story.unrecorded()


def conclude(plan: Plan, ledger: Ledger) -> tuple[list[Row], dict[str, Books]]:
    books = {
        task: Books(ledger.effects(task), ledger.dead(task), ledger.waiting(task), ledger.story(task))
        for task in ledger.evidence.stack.tasks
    }
    return rows(plan, books), books


def rows(plan: Plan, books: dict[str, Books]) -> list[Row]:
    """By fault; for each, the tasks that it struck, and then those that it did not."""
    found = []
    for fault in ALL:
        struck: dict[str, list[str]] = {task: [] for task in books}
        spared: list[tuple[str, str]] = []
        for cell, event in plan.of(fault):
            for task in books:
                if cell.task in ("", task):
                    struck[task].append(event.id)
                elif fault.name != "no-event":
                    spared.append((task, event.id))
        found += [_row(fault, task, [(task, id_) for id_ in ids], books) for task, ids in struck.items() if ids]
        found += [_row(fault, ELSEWHERE, spared, books)] if spared else []
    return found


def _row(fault: Fault, task: str, pairs: Iterable[tuple[str, str]], books: dict[str, Books]) -> Row:
    counted: Counter[str] = Counter()
    for its_task, id_ in pairs:
        counted.update(_fate(books[its_task], id_, fault.effects))
    told: dict[str, Any] = {name: counted[name] for name in Row.__dataclass_fields__ if name not in NOT_COUNTED}
    return Row(fault.name, task, **told, as_expected=_holds(fault, task, counted))


NOT_COUNTED = ("fault", "task", "as_expected")


def _fate(book: Books, id_: str, effects: int = 1) -> Iterable[str]:
    """The words that this event counts for; done when each that has its id is."""
    letters = [letter for letter in book.dead if letter.event_id == id_]
    done, waits = book.effects[id_] // effects, any(letter.event_id == id_ for letter in book.waiting)
    yield "published"
    if done:
        yield "done"
    else:
        yield "waiting" if waits else "dead" if letters else "lost"
    if done > 1:
        yield "in_the_window" if id_ in book.unrecorded else "repeated"
    if done and letters:
        yield "dead_though_done"
    if id_ in book.failed or letters:
        yield "touched"
    yield from ("unexplained" for letter in letters if not book.story.explains(letter))


def _holds(fault: Fault, task: str, counted: Counter[str]) -> bool:
    published = counted["published"]
    conserved = published == counted["done"] + counted["waiting"] + counted["dead"]
    quiet = not counted["waiting"] and not counted["repeated"] and not counted["unexplained"]
    if task == ELSEWHERE:
        untouched = fault not in UNTOUCHED or (counted["done"] == published and not counted["touched"])
        return conserved and quiet and untouched
    expected = fault.expected == "done or dead" or counted[fault.expected] == published
    return conserved and quiet and expected
