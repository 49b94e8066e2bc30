"""When a heartbeat that nobody acknowledged rings, and a gap that does not close; and how much does not ring."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs.compute import Batching, Function
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.alarm_evaluator import Recorded, Series, at, none, rings, states
from tests.infra.alarms_of import DAY, HOUR, TOPIC_ARN, VISIBLE, alarm, metrics, of_another_team
from tests.infra.reading import Synth, Template, of_type

HIDDEN = "ApproximateNumberOfMessagesNotVisible"
SENT, REFUSED, DROPPED = "InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount"
EVERY, PERIOD = 5, 6
"""Minutes: of the heartbeats in prod, and of the alarm."""


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
    "heartbeats are switched on while orders are submitted": heard(
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
        {"Name": "stack", "Value": "OrderEvents-prod"},
        {"Name": "task", "Value": "notify_partner"},
    ]


def subscriber(**arguments: Any) -> Template:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=arguments.pop("settings", settings.PROD))
    Subscriber(stack, "SyncCrm", topic=topic, task="archive_order", **arguments)
    return dict(Synthesized.from_stack(stack).to_json())


FILTER = {"shop_id": sns.SubscriptionFilter.string_filter(allowlist=["contact"])}


@pytest.mark.parametrize(
    ("arguments", "period", "periods"),
    [
        ({}, 360, 3),
        ({"settings": replace(settings.PROD, heartbeat=timedelta(minutes=1))}, 120, 3),
        ({"settings": replace(settings.PROD, heartbeat=timedelta(minutes=60))}, 3660, 3),
        ({"compute": Function(timeout=Duration.minutes(15))}, 360, 5),
        ({"compute": Function(timeout=Duration.minutes(15), batching=Batching(window=Duration.minutes(5)))}, 360, 6),
        ({"only": FILTER}, 360, 5),  # a filter that was changed takes a quarter of an hour
    ],
)
def test_its_patience_follows_the_interval_the_timeout_the_window_and_a_filter(
    arguments: dict[str, Any], period: int, periods: int
) -> None:
    found = alarm(subscriber(**arguments), "HeartbeatMissed", "SyncCrm")
    assert {seconds for _, _, seconds in metrics(found)} == {period}
    assert found["EvaluationPeriods"] == periods


def test_a_filter_that_was_deployed_a_moment_ago_does_not_ring() -> None:
    found = alarm(subscriber(only=FILTER), "HeartbeatMissed", "SyncCrm")
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


def test_heartbeats_are_no_sign_of_life_of_the_publishing_service() -> None:
    silence = alarm(of_another_team(), "NothingPublished", "Watch")
    five, failing = beats(DAY), none(DAY)
    recorded: Recorded = {"NumberOfMessagesPublished": five, SENT: five, REFUSED: failing}
    assert rings(silence, recorded) == 1
    with_forms = [(each or 0) + (1 if not minute % 30 else 0) for minute, each in enumerate(five)]
    assert rings(silence, {**recorded, "NumberOfMessagesPublished": with_forms}) == 0
    # Attempts that SNS refused were not published, and hide no order that was.
    assert rings(silence, {"NumberOfMessagesPublished": beats(DAY, every=30), SENT: five, REFUSED: five}) == 0
