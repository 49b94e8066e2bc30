"""What the demo makes of what it sees: only what was promised counts as expected."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console

from fanout.local.app import Task
from fanout.local.console import WIDTH_OF_A_FILE
from fanout.local.demo import demo, verdicts
from fanout.local.demo.verdicts import DEAD, DONE, FILTERED, RETRYING, WAITING, Trial, Verdict
from fanout.local.demo.view import table_of
from fanout.local.evidence import Attempt, Evidence
from fanout.publisher import Event
from tests.published import order_placed

FIRST = order_placed(shop_id="first", order_id="s-1", items={})
REFUSED = order_placed(shop_id="refused", order_id="s-2", items={})


@dataclass
class Seen:
    """Evidence that was put there by hand; `proven` is what the outside world saw of the task `proving`."""

    attempted: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    dead: dict[str, list[Event]] = field(default_factory=dict)
    proven: list[str] = field(default_factory=list)

    @property
    def stack(self) -> "Seen":
        return self

    def subscriber(self, task: str) -> str:
        return task

    def attempts(self, task: str) -> list[Attempt]:
        now = datetime.fromtimestamp(1001, UTC)
        return [
            Attempt(event_id, outcome, number, now, "", {})
            for (its_task, event_id), outcomes in self.attempted.items()
            for number, outcome in enumerate(outcomes, start=1)
            if its_task == task
        ]

    def dead_letters(self, task: str) -> list[dict[str, Any]]:
        return [{"Body": event.body} for event in self.dead.get(task, [])]


class Proving(Task):
    def refuses(self, event: Event) -> bool:
        return event.id == REFUSED.id

    def proof(self, seen: Evidence, event: Event) -> tuple[bool, str]:
        return cast(Seen, seen).proven.count(event.id) == 1, "once"


Trying = Callable[[Seen], Trial]


@pytest.fixture
def filtered() -> set[tuple[str, str]]:
    """(task, event id) of what a filter policy holds back."""
    return set()


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, filtered: set[tuple[str, str]]) -> Trying:
    monkeypatch.setattr(verdicts, "is_filtered_out", lambda task, event: (task, event.id) in filtered)
    events = {"first": FIRST, "refused": REFUSED}
    return lambda seen: Trial(cast(Evidence, seen), [Proving("proving"), Task("own")], events, 1000.0)


def of(trial: Trial, task: str, name: str = "first") -> Verdict:
    return next(each for each in trial.look() if (each.task, each.name) == (task, name))


def test_nothing_seen_yet_is_waiting(trial: Trying) -> None:
    told = of(trial(Seen()), "proving")
    assert (told.status, told.delivered, told.as_expected) == (WAITING, False, None)


def test_a_failed_attempt_that_is_not_dead_is_retrying(trial: Trying) -> None:
    told = of(trial(Seen({("proving", FIRST.id): ["failed"]})), "proving")
    assert (told.status, told.attempts, told.delivered, told.as_expected) == (RETRYING, 1, True, None)


def test_done_counts_only_with_its_effect(trial: Trying) -> None:
    done = {("proving", FIRST.id): ["failed", "done"]}
    assert not of(trial(Seen(done)), "proving").as_expected
    assert not of(trial(Seen(done, proven=[FIRST.id] * 2)), "proving").as_expected
    told = of(trial(Seen(done, proven=[FIRST.id])), "proving")
    assert (told.status, told.attempts, told.milliseconds, told.as_expected) == (DONE, 2, 1000.0, True)


def test_the_refused_event_is_expected_to_die_and_only_at_its_task(trial: Trying) -> None:
    failed = {("proving", REFUSED.id): ["failed"]}
    told = of(trial(Seen(failed, {"proving": [REFUSED]}, [REFUSED.id])), "proving", "refused")
    assert (told.status, told.as_expected) == (DEAD, True)
    assert not of(trial(Seen(failed, {"proving": [REFUSED]})), "proving", "refused").as_expected
    done = Seen({("proving", REFUSED.id): ["done"]}, proven=[REFUSED.id])
    assert not of(trial(done), "proving", "refused").as_expected
    elsewhere = Seen({("own", REFUSED.id): ["failed"]}, {"own": [REFUSED]})
    assert of(trial(elsewhere), "own", "refused").as_expected is False


def test_a_task_without_a_proof_is_judged_by_its_log(trial: Trying) -> None:
    assert of(trial(Seen({("own", FIRST.id): ["done"]})), "own").as_expected


def test_what_a_filter_holds_back_is_settled_and_what_it_should_have_held_back_is_wrong(
    trial: Trying, filtered: set[tuple[str, str]]
) -> None:
    filtered |= {("own", FIRST.id), ("own", REFUSED.id), ("proving", FIRST.id), ("proving", REFUSED.id)}
    held = trial(Seen())
    assert [(each.status, each.as_expected) for each in held.look()] == [(FILTERED, True)] * 4
    assert held.is_over
    assert of(trial(Seen({("own", FIRST.id): ["done"]})), "own").as_expected is False


def test_what_is_settled_is_looked_at_again_only_at_the_end(trial: Trying) -> None:
    seen = Seen({("proving", FIRST.id): ["done"]}, proven=[FIRST.id])
    made = trial(seen)
    assert of(made, "proving").as_expected
    seen.proven.append(FIRST.id)
    assert of(made, "proving").as_expected
    assert not made.conclude()[0].as_expected


def test_a_row_is_one_line_in_a_file_however_long_its_task_took_within_the_demos_deadline() -> None:
    evidence = "to success@simulator.amazonses.com"
    slow = Verdict("contact, filled in", "archive_submission", DEAD, 1, 1000 * demo.DEADLINE, evidence, True)
    said = StringIO()
    Console(width=WIDTH_OF_A_FILE, file=said).print(table_of([slow]))
    assert "45000  to success@simulator.amazonses.com" in said.getvalue()
