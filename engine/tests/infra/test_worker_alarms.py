"""When workers begin and end, and when somebody is told that none is there: by AWS's metrics as they come, and as they do not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fanout.constructs import Worker
from stacks import settings
from tests.infra.alarm_evaluator import Recorded, at, none, rings, states
from tests.infra.test_worker import stack_of, synthesized

VISIBLE, HIDDEN = "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"
RECEIVED, EMPTY = "NumberOfMessagesReceived", "NumberOfEmptyReceives"
HOUR = 60


@pytest.fixture(scope="module")
def alarms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    entry = replace(settings.PROD, heartbeat=None)
    template = synthesized(stack_of(entry, tmp_path_factory.mktemp("out"), compute=Worker()))
    yield {name: each["Properties"] for name, each in template.find_resources("AWS::CloudWatch::Alarm").items()}


def named(alarms: dict[str, dict[str, Any]], part: str) -> dict[str, Any]:
    (found,) = [each for name, each in alarms.items() if part in name]
    return found


ABSENT: dict[str, tuple[Recorded, int]] = {
    "nobody is there": ({VISIBLE: at(3, HOUR), HIDDEN: at(0, HOUR), RECEIVED: none(HOUR), EMPTY: none(HOUR)}, 1),
    "it comes after twenty minutes": (
        {
            VISIBLE: [*at(3, 20), *at(0, 40)],
            HIDDEN: at(0, HOUR),
            RECEIVED: [*none(20), *at(1, 40)],
            EMPTY: [*none(20), *at(3, 40)],
        },
        0,
    ),
    "all that there are have their hands full": (
        {VISIBLE: at(90, HOUR), HIDDEN: at(40, HOUR), RECEIVED: none(HOUR), EMPTY: none(HOUR)},
        0,
    ),
    "one asks in vain, as another takes all": (
        {VISIBLE: at(1, HOUR), HIDDEN: at(0, HOUR), RECEIVED: none(HOUR), EMPTY: at(3, HOUR)},
        0,
    ),
    "nothing comes": ({VISIBLE: none(HOUR), HIDDEN: none(HOUR), RECEIVED: none(HOUR), EMPTY: none(HOUR)}, 0),
}


@pytest.mark.parametrize("case", ABSENT)
def test_it_rings_where_events_wait_and_nobody_asks(case: str, alarms: dict[str, dict[str, Any]]) -> None:
    recorded, expected = ABSENT[case]
    assert rings(named(alarms, "WorkerAbsent"), recorded) == expected


def test_one_message_is_enough_for_a_first_worker(alarms: dict[str, dict[str, Any]]) -> None:
    waits = states(named(alarms, "MessagesWait"), {VISIBLE: [*none(5), *at(1, 3), *at(0, 5)]})
    assert waits == ["OK"] * 5 + ["ALARM"] * 3 + ["OK"] * 5


ENDS: dict[str, tuple[list[float | None], list[float | None], bool]] = {
    # name: visible, hidden, whether the least number of workers is left
    "a quarter of an hour without a message": (at(0, 20), at(0, 20), True),
    "all that came has been taken and is worked on": (at(0, 60), at(1, 60), False),
    "they wait": (at(2, 60), at(0, 60), False),
    "a message each ten minutes": ([*at(0, 9), 1, *at(0, 9), 1, *at(0, 9)], at(0, 29), False),
    "fourteen minutes": ([1, *at(0, 14), 1], at(0, 16), False),
}


@pytest.mark.parametrize("case", ENDS)
def test_workers_are_ended_when_nothing_waits_and_nothing_is_in_hand(
    case: str, alarms: dict[str, dict[str, Any]]
) -> None:
    visible, hidden, ends = ENDS[case]
    found = states(named(alarms, "NothingThere"), {VISIBLE: visible, HIDDEN: hidden})
    assert ("ALARM" in found) is ends
