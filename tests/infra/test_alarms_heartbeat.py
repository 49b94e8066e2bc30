"""When a heartbeat that nobody acknowledged rings, and a gap that does not close; and how much does not ring."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized

from stacks import settings
from stacks.subscriber import Subscriber
from tests.infra.alarm_evaluator import Recorded, Series, at, none, rings, states
from tests.infra.alarms_of import DAY, HOUR, TOPIC_ARN, VISIBLE, alarm, metrics, of_another_team
from tests.infra.reading import Synth, Template, of_type

HIDDEN = "ApproximateNumberOfMessagesNotVisible"
SENT, REFUSED, DROPPED = "InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount"
EVERY, PERIOD = 5, 6
"""Minutes: of the heartbeats in prod, and of the alarm."""


@pytest.fixture(scope="module")
def prod(synth: Synth) -> Template:
    return synth["prod"]


@pytest.fixture(scope="module")
def missed(prod: Template) -> dict[str, Any]:
    return alarm(prod, "HeartbeatMissed")


def beats(minutes: int, *, every: int = EVERY, first: int = 0) -> list[float | None]:
    """One in so many minutes, and nothing in the others, as a metric that is sent when something happens."""
    return [1.0 if minute >= first and not (minute - first) % every else None for minute in range(minutes)]


def heard(sent: Series, waiting: Series, acknowledged: Series, *, refused: Series | None = None) -> Recorded:
    return {
        SENT: sent,
        REFUSED: refused or none(len(sent)),
        VISIBLE: waiting,
        # Milliseconds: how many there are is what counts.
        "Heartbeat": [None if each is None else 1_500.0 for each in acknowledged],
    }


def rings_anywhere(properties: dict[str, Any], recorded: Recorded) -> list[int]:
    """For every minute in which a period may begin: CloudWatch's window slides."""
    return [rings(properties, {name: each[by:] for name, each in recorded.items()}) for by in range(PERIOD)]


QUIET: dict[str, Recorded] = {
    "every one is acknowledged": heard(beats(DAY), at(0, DAY), beats(DAY)),
    "the next minute": heard(beats(DAY), at(0, DAY), [None, *beats(DAY - 1)]),
    "the schedule is up to a minute late": heard(
        [1.0 if minute % 10 in (0, 6) else None for minute in range(DAY)],
        at(0, DAY),
        [1.0 if minute % 10 in (0, 6) else None for minute in range(DAY)],
    ),
    "nothing is deployed yet": heard(none(DAY), none(DAY), none(DAY)),
    "no heartbeats in these settings' stack": heard(none(DAY), at(0, DAY), none(DAY)),
    "a first deployment: the queue is there, the schedule comes last": heard(
        [*none(40), *beats(HOUR)], [*none(10), *at(0, 90)], [*none(40), *beats(HOUR)]
    ),
    "a new subscriber of a running topic, whose mapping takes half an hour": heard(
        beats(3 * HOUR),
        [*none(HOUR), *at(0, 4), *at(1, 30), *at(0, 2 * HOUR - 34)],
        [*none(HOUR + 34), *beats(2 * HOUR - 34)],
    ),
    "heartbeats are switched on while forms are submitted": heard(
        [*none(HOUR), *beats(HOUR)], at(0, 2 * HOUR), [*none(HOUR), *beats(HOUR)]
    ),
    "heartbeats are switched off": heard([*beats(HOUR), *none(HOUR)], at(0, 2 * HOUR), [*beats(HOUR), *none(HOUR)]),
    "code is deployed: ten minutes without an answer": heard(
        beats(2 * HOUR), [*at(0, HOUR), *at(1, 10), *at(0, 50)], [*beats(HOUR), *none(10), *beats(50)]
    ),
    "two heartbeats in a row are lost": heard(beats(2 * HOUR), at(0, 2 * HOUR), [*beats(HOUR), *none(10), *beats(50)]),
    "paused for an hour, then resumed with twelve in the queue": heard(
        beats(3 * HOUR),
        [*at(0, HOUR + 3), *at(1, HOUR), *at(0, HOUR - 3)],
        [*beats(HOUR), *none(HOUR + 3), *at(1, 2), *beats(HOUR - 5)],
    ),
    "an open circuit: events and heartbeats wait between trials": heard(
        beats(3 * HOUR), [*at(0, 4), *at(5, 2 * HOUR), *at(0, HOUR - 4)], [*none(2 * HOUR + 4), *beats(HOUR - 4)]
    ),
    "a backlog of hours": heard(
        beats(6 * HOUR), [*at(0, HOUR), *at(900, 5 * HOUR)], [*beats(HOUR), *none(4 * HOUR), *beats(HOUR, every=25)]
    ),
    "the schedule may no longer publish": heard(
        beats(3 * HOUR),
        at(0, 3 * HOUR),
        [*beats(HOUR), *none(2 * HOUR)],
        refused=[*none(HOUR), *beats(2 * HOUR)],
    ),
}


@pytest.mark.parametrize("name", QUIET)
def test_a_heartbeat_that_is_acknowledged_waits_or_was_never_published_does_not_ring(
    name: str, missed: dict[str, Any]
) -> None:
    assert rings_anywhere(missed, QUIET[name]) == [0] * PERIOD


LOUD: dict[str, Recorded] = {
    "the subscription is gone": heard(beats(3 * HOUR), at(0, 3 * HOUR), [*beats(HOUR), *none(2 * HOUR)]),
    "it never acknowledged one": heard(beats(3 * HOUR), at(0, 3 * HOUR), none(3 * HOUR)),
    "it crashes when it is loaded: messages are hidden, then dead": heard(
        beats(3 * HOUR), [1.0 if minute % 5 == 0 else 0.0 for minute in range(3 * HOUR)], none(3 * HOUR)
    ),
    "somebody else takes its messages": heard(beats(3 * HOUR), at(0, 3 * HOUR), [*beats(HOUR), *none(2 * HOUR)]),
}


@pytest.mark.parametrize("name", LOUD)
def test_one_that_is_neither_acknowledged_nor_waits_rings_once(name: str, missed: dict[str, Any]) -> None:
    assert rings_anywhere(missed, LOUD[name]) == [1] * PERIOD


def test_it_rings_within_half_an_hour_and_ends_with_the_next_acknowledgement(missed: dict[str, Any]) -> None:
    broken = heard(beats(3 * HOUR), at(0, 3 * HOUR), [*beats(HOUR), *none(HOUR), *beats(HOUR)])
    found = states(missed, broken)
    rang, ended = found.index("ALARM"), len(found) - found[::-1].index("ALARM")
    assert (rang + 1) * PERIOD - HOUR <= 24
    assert ended * PERIOD - 2 * HOUR <= PERIOD


def test_it_looks_at_the_topics_own_schedule_and_the_tasks_own_metric(missed: dict[str, Any]) -> None:
    assert {each["MetricName"]: (each["Namespace"], how, seconds) for each, how, seconds in metrics(missed)} == {
        SENT: ("AWS/Scheduler", "Sum", 360),
        REFUSED: ("AWS/Scheduler", "Sum", 360),
        VISIBLE: ("AWS/SQS", "Minimum", 360),
        "Heartbeat": ("Fanout", "SampleCount", 360),
    }
    found = {each["MetricName"]: each["Dimensions"] for each, _, _ in metrics(missed)}
    assert found[SENT] == found[REFUSED] == [{"Name": "ScheduleGroup", "Value": "fanout-prod"}]
    assert found["Heartbeat"] == [
        {"Name": "stack", "Value": "FormEvents-prod"},
        {"Name": "task", "Value": "notify_webhook"},
    ]


def subscriber(**arguments: Any) -> Template:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = sns.Topic.from_topic_arn(stack, "Topic", TOPIC_ARN)
    Subscriber(stack, "SyncCrm", topic=topic, task="archive_submission", **{"settings": settings.PROD, **arguments})
    return dict(Synthesized.from_stack(stack).to_json())


FILTER = {"form_id": sns.SubscriptionFilter.string_filter(allowlist=["contact"])}


@pytest.mark.parametrize(
    ("arguments", "period", "periods"),
    [
        ({}, 360, 3),
        ({"settings": replace(settings.PROD, heartbeat=timedelta(minutes=1))}, 120, 3),
        ({"settings": replace(settings.PROD, heartbeat=timedelta(minutes=60))}, 3660, 3),
        ({"timeout": Duration.minutes(15)}, 360, 5),
        ({"timeout": Duration.minutes(15), "batching_window": Duration.minutes(5)}, 360, 6),
        ({"attribute_filter": FILTER}, 360, 5),  # a filter that was changed takes a quarter of an hour
    ],
)
def test_its_patience_follows_the_interval_the_timeout_the_window_and_a_filter(
    arguments: dict[str, Any], period: int, periods: int
) -> None:
    found = alarm(subscriber(**arguments), "HeartbeatMissed", "SyncCrm")
    assert {seconds for _, _, seconds in metrics(found)} == {period}
    assert found["EvaluationPeriods"] == periods


def test_a_filter_that_was_deployed_a_moment_ago_does_not_ring() -> None:
    found = alarm(subscriber(attribute_filter=FILTER), "HeartbeatMissed", "SyncCrm")
    recorded = heard([*none(HOUR), *beats(2 * HOUR)], at(0, 3 * HOUR), [*none(HOUR), *none(15), *beats(2 * HOUR - 15)])
    assert rings_anywhere(found, recorded) == [0] * PERIOD


@pytest.mark.parametrize("name", ["dev", "local"])
def test_without_heartbeats_there_is_nothing_of_them(name: str, synth: Synth) -> None:
    assert not [id_ for id_ in synth[name]["Resources"] if "Heartbeat" in id_]


def test_essential_alarms_have_it_too_where_there_are_heartbeats() -> None:
    template = subscriber(settings=replace(settings.DEV, heartbeat=timedelta(minutes=5)))
    kinds = sorted(id_[len("SyncCrm") : -len("Alarm") - 8] for id_ in of_type(template, "AWS::CloudWatch::Alarm"))
    assert kinds == ["DeadLetter", "HeartbeatMissed", "QueueAge"]


def test_heartbeats_that_cannot_be_published_ring_once_for_all(prod: Template) -> None:
    silent = alarm(prod, "HeartbeatSilent", "Watch")
    assert {each["MetricName"]: (each["Namespace"], how, seconds) for each, how, seconds in metrics(silent)} == {
        REFUSED: ("AWS/Scheduler", "Sum", 360),
        DROPPED: ("AWS/Scheduler", "Sum", 360),
    }
    fails, once = beats(HOUR), beats(HOUR, every=HOUR)
    assert rings_anywhere(silent, {REFUSED: fails, DROPPED: none(HOUR)}) == [1] * PERIOD
    assert rings_anywhere(silent, {REFUSED: none(HOUR), DROPPED: fails}) == [1] * PERIOD
    assert rings_anywhere(silent, {REFUSED: once, DROPPED: once}) == [0] * PERIOD


def test_heartbeats_are_no_sign_of_life_of_the_form_service() -> None:
    silence = alarm(of_another_team(), "NothingPublished", "Watch")
    five, failing = beats(DAY), none(DAY)
    recorded: Recorded = {"NumberOfMessagesPublished": five, SENT: five, REFUSED: failing}
    assert rings(silence, recorded) == 1
    with_forms = [(each or 0) + (1 if not minute % 30 else 0) for minute, each in enumerate(five)]
    assert rings(silence, {**recorded, "NumberOfMessagesPublished": with_forms}) == 0
    # Attempts that SNS refused were not published, and hide no form that was.
    assert rings(silence, {"NumberOfMessagesPublished": beats(DAY, every=30), SENT: five, REFUSED: five}) == 0


# --- completeness -------------------------------------------------------------------------------------------------


def counted(minutes: int, **recorded: Series) -> Recorded:
    """What a queue and a task send; a queue that is asked sends zeros."""
    names = {
        "arrived": "NumberOfMessagesSent",
        "done": "Done",
        "duplicate": "Duplicate",
        "heartbeat": "Heartbeat",
        "taken": "NumberOfMessagesDeleted",
        "waiting": VISIBLE,
        "hidden": HIDDEN,
    }
    zeros = {"arrived": at(0, minutes), "waiting": at(0, minutes), "hidden": at(0, minutes)}
    given: dict[str, Series] = {**{name: none(minutes) for name in names}, **zeros, **recorded}
    return {names[name]: series for name, series in given.items() if name in names}


@pytest.fixture(scope="module")
def incomplete(prod: Template) -> dict[str, Any]:
    """Two of its metrics have one name: of the queue, and of the dead-letter queue."""
    found = deepcopy(alarm(prod, "Incomplete"))
    for each in found["Metrics"]:
        if each["Id"] == "letters":
            each["MetricStat"]["Metric"]["MetricName"] = "letters"
    return found


def told(incomplete: dict[str, Any], minutes: int, *, letters: Series | None = None, **recorded: Series) -> int:
    """How often it rings, for hours that begin at any minute."""
    series = {**counted(minutes, **recorded), "letters": letters or none(minutes)}
    found = {rings(incomplete, {name: each[by:] for name, each in series.items()}) for by in range(0, HOUR, 7)}
    assert len(found) == 1, f"it depends on when an hour begins: {found}"
    return found.pop()


N = 24 * HOUR


def once(minute: int, value: float = 1.0, minutes: int = N) -> list[float | None]:
    return [value if each == minute else None for each in range(minutes)]


def zero_but(minute: int, value: float = 1.0) -> list[float | None]:
    return [value if each == minute else 0.0 for each in range(N)]


BUSY = [float(minute % 7) for minute in range(N)]


def test_an_event_that_vanishes_rings_once(incomplete: dict[str, Any]) -> None:
    assert told(incomplete, N, arrived=zero_but(600)) == 1
    swallowed = [each - (1 if minute == 600 else 0) for minute, each in enumerate(BUSY)]
    assert told(incomplete, N, arrived=BUSY, done=swallowed) == 1
    heartbeats = beats(N)
    assert told(incomplete, N, arrived=[(each or 0) + (minute == 600) for minute, each in enumerate(heartbeats)], heartbeat=heartbeats) == 1  # fmt: skip


def test_it_rings_six_hours_after(incomplete: dict[str, Any]) -> None:
    found = states(incomplete, {**counted(N, arrived=zero_but(10 * HOUR)), "letters": none(N)})
    assert found.index("ALARM") == 15 and found.count("ALARM") == 1


COMPLETE: dict[str, dict[str, Series]] = {
    "no data": {"arrived": none(N), "waiting": none(N), "hidden": none(N)},
    "idle": {},
    "done in the same minute": {"arrived": BUSY, "done": BUSY},
    "done a minute later, over every boundary": {"arrived": BUSY, "hidden": BUSY, "done": [None, *BUSY[:-1]]},
    "done hours later: a pause": {
        "arrived": zero_but(300),
        "waiting": [1.0 if 300 <= each < 900 else 0.0 for each in range(N)],
        "done": once(900),
    },
    "still waiting: a pause without an end": {
        "arrived": zero_but(300),
        "waiting": [1.0 if each >= 300 else 0.0 for each in range(N)],
    },
    "hidden until its next attempt": {
        "arrived": zero_but(300),
        "hidden": [1.0 if each >= 300 else 0.0 for each in range(N)],
    },
    "a backlog that grows": {
        "arrived": at(10, N),
        "done": at(4, N),
        "waiting": [6.0 * each for each in range(1, N + 1)],
    },
    "a dead letter": {"arrived": zero_but(300), "letters": [1.0 if each >= 300 else 0.0 for each in range(N)]},
    "a letter that was redriven, and done": {
        "arrived": [1.0 if each in (300, 700) else 0.0 for each in range(N)],
        "letters": [1.0 if 300 <= each < 700 else 0.0 for each in range(N)],
        "taken": once(700),
        "done": once(701),
    },
    "letters that were dropped, and others after them": {
        "arrived": [5.0 if each in (300, 420, 540, 660) else 0.0 for each in range(N)],
        "letters": [5.0 if each >= 300 and each % 120 < 60 else 0.0 for each in range(N)],
        "taken": [5.0 if each in (360, 480, 600, 720) else None for each in range(N)],
    },
    "duplicates and retries": {"arrived": BUSY, "done": BUSY, "duplicate": BUSY},
    "what arrived before the queue was measured": {"done": once(30, 500.0)},
    "heartbeats alone": {"arrived": beats(N), "heartbeat": beats(N)},
}


@pytest.mark.parametrize("name", COMPLETE)
def test_what_is_worked_on_waits_or_is_dead_is_not_missing(name: str, incomplete: dict[str, Any]) -> None:
    assert told(incomplete, N, **COMPLETE[name]) == 0


def test_it_counts_what_arrived_in_the_queue_and_what_the_task_says(prod: Template) -> None:
    found = metrics(alarm(prod, "Incomplete"))
    assert len(found) == 8  # of ten that a metric math alarm may have
    assert {(each["Namespace"], each["MetricName"], how) for each, how, _ in found} == {
        ("AWS/SQS", "NumberOfMessagesSent", "Sum"),
        ("AWS/SQS", "NumberOfMessagesDeleted", "Sum"),
        ("AWS/SQS", VISIBLE, "Maximum"),
        ("AWS/SQS", HIDDEN, "Maximum"),
        ("Fanout", "Done", "Sum"),
        ("Fanout", "Duplicate", "Sum"),
        ("Fanout", "Heartbeat", "SampleCount"),
    }
    assert {seconds for _, _, seconds in found} == {3600}
