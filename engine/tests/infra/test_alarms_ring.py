"""When each alarm rings, over what AWS's metrics look like: a first letter, growth, drained, redriven, no data."""

from datetime import UTC, datetime

import pytest

from tests.infra.alarm_evaluator import MONDAY, Recorded, at, none, rings, states
from tests.infra.alarms_of import (
    ATTEMPTS,
    DAY,
    FIVE,
    HOUR,
    QUARTER,
    RETENTION,
    VISIBLE,
    alarm,
    metrics,
)
from tests.infra.reading import Template

LETTERS: dict[str, tuple[list[float | None], int, int]] = {
    # name: dead letters minute by minute, rings of DeadLetter, rings of DeadLetterGrowth
    "never one": (none(DAY), 0, 0),
    "0 -> 1": ([*none(HOUR), *at(1, HOUR)], 1, 0),
    "0 -> 1 -> 2": ([*none(HOUR), *at(1, HOUR), *at(2, HOUR)], 1, 1),
    "0 -> 1 -> 2 -> 3, with time between": ([*none(HOUR), *at(1, HOUR), *at(2, HOUR), *at(3, HOUR)], 1, 2),
    "one a minute for two hours": ([*none(HOUR), *(float(n) for n in range(1, 2 * HOUR))], 1, 1),
    "drained": ([*none(HOUR), *at(3, HOUR), *at(2, QUARTER), *at(1, QUARTER), *at(0, HOUR), *none(HOUR)], 1, 0),
    "redriven, and done": ([*none(HOUR), *at(3, HOUR), *at(0, 6 * HOUR), *none(HOUR)], 1, 0),
    "redriven, and dead again": ([*none(HOUR), *at(3, HOUR), *at(0, HOUR), *at(3, HOUR)], 2, 0),
    "half redriven, and dead again": ([*none(HOUR), *at(4, HOUR), *at(2, HOUR), *at(4, HOUR)], 1, 1),
    "looked at, so hidden for a minute": ([*none(HOUR), *at(3, 20), *at(0, 1), *at(3, 39)], 1, 0),
}


@pytest.mark.parametrize("name", LETTERS)
def test_dead_letters_ring_at_the_first_and_at_growth(name: str, prod: Template) -> None:
    letters, first, growth = LETTERS[name]
    assert rings(alarm(prod, "DeadLetter"), {VISIBLE: letters}) == first
    assert rings(alarm(prod, "DeadLetterGrowth"), {VISIBLE: letters}) == growth


def test_a_dead_letter_stays_an_alarm_until_it_is_gone(prod: Template) -> None:
    letters = [*none(2), *at(1, 3), *at(0, 6), *none(2)]
    assert states(alarm(prod, "DeadLetter"), {VISIBLE: letters}) == ["OK"] * 2 + ["ALARM"] * 7 + ["OK"] * 4


def test_what_the_task_gave_up_rings_at_once_where_the_queue_was_idle_and_its_number_comes_late(prod: Template) -> None:
    died = [*none(7 * HOUR), 1, *none(HOUR)]
    letters = [*none(7 * HOUR + QUARTER), *at(1, HOUR - QUARTER + 1)]
    early, first = alarm(prod, "EventDied"), alarm(prod, "DeadLetter")
    assert states(early, {"Dead": died}).index("ALARM") == 7 * HOUR
    assert states(first, {VISIBLE: letters}).index("ALARM") == 7 * HOUR + QUARTER


def test_what_the_task_gave_up_rings_again_after_five_minutes_without(prod: Template) -> None:
    died = [*none(HOUR), *at(1, 3), *none(4), 2, *none(HOUR), 1, *none(HOUR)]
    assert rings(alarm(prod, "EventDied"), {"Dead": died}) == 2
    assert rings(alarm(prod, "EventDied"), {"Dead": none(DAY)}) == 0


def test_what_sqs_moves_by_itself_rings_at_the_queue_alone(prod: Template) -> None:
    assert rings(alarm(prod, "EventDied"), {"Dead": none(2 * HOUR)}) == 0
    assert rings(alarm(prod, "DeadLetter"), {VISIBLE: [*none(HOUR), *at(1, HOUR)]}) == 1


def test_dead_letters_that_nobody_cared_for_ring_again_after_24_hours(prod: Template) -> None:
    old = alarm(prod, "DeadLetterOld")
    assert rings(old, {VISIBLE: at(1, DAY - HOUR)}) == 0
    assert rings(old, {VISIBLE: at(1, DAY)}) == 1
    assert rings(old, {VISIBLE: [*at(1, 20 * HOUR), *at(0, HOUR), *at(1, 20 * HOUR)]}) == 0


def test_an_event_that_waits_too_long_rings_before_it_is_forgotten(prod: Template) -> None:
    ages = [60.0 * minute for minute in range(RETENTION // 60)]
    age = alarm(prod, "QueueAge")
    found = states(age, {"ApproximateAgeOfOldestMessage": ages})
    rang_after = found.index("ALARM") * 300
    assert RETENTION / 4 - 300 <= rang_after <= RETENTION / 4 + 300
    assert rings(age, {"ApproximateAgeOfOldestMessage": at(ATTEMPTS, DAY)}) == 0


def test_a_backlog_rings_when_it_would_take_longer_than_an_events_own_attempts(prod: Template) -> None:
    backlog = alarm(prod, "QueueBacklog")

    def recorded(waiting: float, deleted_a_minute: float, minutes: int = HOUR) -> Recorded:
        return {VISIBLE: at(waiting, minutes), "NumberOfMessagesDeleted": at(deleted_a_minute, minutes)}

    assert rings(backlog, recorded(10_000, 100)) == 1  # 100 minutes to go, 53.5 are allowed
    assert rings(backlog, recorded(5_000, 100)) == 0
    assert rings(backlog, recorded(10_000, 100, minutes=10)) == 0  # a burst
    assert rings(backlog, recorded(10_000, 0)) == 0  # nobody works: that is QueuePaused
    assert rings(backlog, recorded(0, 0)) == 0


def test_a_mapping_that_is_off_rings_when_events_wait_longer_than_their_attempts(prod: Template) -> None:
    paused = alarm(prod, "QueuePaused")
    waits = 11 * FIVE

    def recorded(waiting: list[float | None], received: list[float | None]) -> Recorded:
        return {VISIBLE: waiting, "NumberOfMessagesReceived": received}

    assert rings(paused, recorded(at(7, waits), at(0, waits))) == 1
    assert rings(paused, recorded(at(7, waits), none(waits))) == 1
    assert rings(paused, recorded(at(7, waits - FIVE), at(0, waits - FIVE))) == 0  # a deployment, a short pause
    assert rings(paused, recorded(at(0, DAY), at(0, DAY))) == 0  # paused, and nothing waits
    circuit = [*at(0, 2 * FIVE), *at(2, FIVE)] * 20
    assert rings(paused, recorded(at(7, len(circuit)), circuit)) == 0  # an open circuit lets a trial through


def test_one_crash_is_what_retries_are_for_and_two_are_not(prod: Template) -> None:
    errors = alarm(prod, "FunctionErrors")
    assert rings(errors, {"Errors": [1, *none(HOUR)]}) == 0
    assert rings(errors, {"Errors": [1, *none(FIVE), 1, *none(HOUR)]}) == 1
    assert rings(errors, {"Errors": at(0, DAY)}) == 0


def test_a_refused_invocation_rings(prod: Template) -> None:
    assert rings(alarm(prod, "FunctionThrottles"), {"Throttles": [*at(0, 20), 3, *at(0, 20)]}) == 1


def test_a_timeout_rings_and_a_slow_success_is_told_apart(prod: Template) -> None:
    timeouts, slow = alarm(prod, "FunctionTimeouts"), alarm(prod, "FunctionSlow")
    stopped: Recorded = {"Duration": [200, *none(9), 30_000, *none(HOUR)]}
    near: Recorded = {"Duration": [28_900, *none(9), 29_000, *none(HOUR)]}
    assert (rings(timeouts, stopped), rings(slow, stopped)) == (1, 0)
    assert (rings(timeouts, near), rings(slow, near)) == (0, 1)
    assert rings(slow, {"Duration": at(23_000, DAY)}) == 0


def test_a_filter_that_drops_what_it_cannot_read_rings(another: Template, prod: Template) -> None:
    dropped = alarm(another, "FilteredOut", "SyncCrm")
    invalid, absent = (
        "NumberOfNotificationsFilteredOut-InvalidAttributes",
        "NumberOfNotificationsFilteredOut-NoMessageAttributes",
    )
    assert {each["MetricName"]: statistic for each, statistic, _ in metrics(dropped)} == {invalid: "Sum", absent: "Sum"}
    assert rings(dropped, {invalid: [*none(HOUR), 1, *none(HOUR)], absent: none(2 * HOUR + 1)}) == 1
    assert rings(dropped, {invalid: none(HOUR), absent: [*none(30), 1, *none(29)]}) == 1
    assert not [id_ for id_ in prod["Resources"] if "FilteredOut" in id_]


def test_silence_rings_in_expected_hours_only(another: Template, prod: Template) -> None:
    silence = alarm(another, "NothingPublished", "Watch")
    busy = [*none(7 * HOUR), *at(1, 12 * HOUR), *none(5 * HOUR)]
    broken = [*none(7 * HOUR), *at(1, 5 * HOUR), *none(12 * HOUR)]

    def recorded(published: list[float | None]) -> Recorded:
        """Without heartbeats: tests/infra/test_alarms_heartbeat.py."""
        nothing = none(len(published))
        return {"NumberOfMessagesPublished": published, "InvocationAttemptCount": nothing, "TargetErrorCount": nothing}

    assert rings(silence, recorded(busy)) == 0
    assert rings(silence, recorded(broken)) == 1
    assert rings(silence, recorded(none(DAY))) == 1
    assert rings(silence, recorded(none(DAY)), start=datetime(2026, 11, 22, tzinfo=UTC)) == 0  # a Sunday
    assert MONDAY.isoweekday() == 1
    assert not [id_ for id_ in prod["Resources"] if "NothingPublished" in id_]
