"""A worker has no function and no mapping: what operators' commands read and switch instead."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout import names
from fanout.errors import OpsError
from fanout.ops import worker as here
from fanout.ops.aws import alarms, logs
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import Subscription
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.pause import reason, switch
from fanout.ops.redrive.preview import refuse_if_unsafe
from fanout.ops.replay.permission import paused
from fanout.ops.status import report as status
from fanout.ops.timeline.tail import follow
from fanout.ops.verify import probes
from fanout.ops.verify.result import NotShown
from fanout.ops.verify.verification import Verification
from tests.unit.ops.aws.cloudwatch import CloudWatch
from tests.unit.ops.aws.logs import Logs
from tests.unit.ops.aws.sqs import Clock, Sqs, refused

QUEUE, DEAD = "https://sqs/1/queue", "https://sqs/1/dead"
SERVICE = "arn:aws:ecs:eu-west-1:123456789012:service/cluster/Print"
GROUP = "workers-of-print"


class Ecs:
    def __init__(self) -> None:
        self.service: dict[str, Any] = {
            "status": "ACTIVE",
            "desiredCount": 2,
            "runningCount": 1,
            "pendingCount": 1,
            "taskDefinition": "print:3",
            "deployments": [{"rolloutState": "COMPLETED", "failedTasks": 0}],
        }

    def describe_services(self, **asked: Any) -> Any:
        assert asked == {"cluster": "cluster", "services": [SERVICE]}
        return {"services": [self.service]}

    def describe_task_definition(self, **asked: Any) -> Any:
        assert asked == {"taskDefinition": "print:3"}
        told = [{"name": names.QUEUE_URL, "value": QUEUE}]
        return {"taskDefinition": {"containerDefinitions": [{"environment": told}]}}


class World:
    """`tags` are the queue's."""

    def __init__(self, *, fargate: bool = True) -> None:
        self.sqs, self.logs, self.ecs = Sqs(Clock()), Logs(), Ecs()
        self.tags: dict[str, str] = {}
        sqs = cast(Any, self.sqs)
        sqs.list_queue_tags = lambda QueueUrl: {"Tags": dict(self.tags)}
        sqs.tag_queue = lambda QueueUrl, Tags: self.tags.update(Tags)
        sqs.untag_queue = lambda QueueUrl, TagKeys: [self.tags.pop(each, None) for each in TagKeys]
        self.outputs = {"PrintQueueUrl": QUEUE, "PrintDeadLetterQueueUrl": DEAD, "TopicArn": "arn:aws:sns:r:1:t"}
        self.outputs |= (
            {"PrintServiceArn": SERVICE, "PrintLogGroupName": GROUP} if fargate else {"PrintWorkerRoleArn": "arn:role"}
        )
        self.template: dict[str, Any] = {}
        self.aws = cast(
            Aws,
            SimpleNamespace(
                sqs=self.sqs, logs=self.logs, ecs=self.ecs, cloudwatch=CloudWatch(), cloudformation=self, is_aws=True
            ),
        )

    def describe_stacks(self, StackName: str) -> Any:
        told = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        id_ = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Orders/1"
        return {"Stacks": [{"StackId": id_, "StackStatus": "CREATE_COMPLETE", "Outputs": told}]}

    def get_template(self, StackName: str) -> Any:
        return {"TemplateBody": self.template}

    @property
    def stack(self) -> Stack:
        return find(self.aws, "Orders")

    @property
    def subscriber(self) -> DeployedSubscriber:
        return self.stack.subscriber("print")


@pytest.fixture
def world() -> World:
    return World()


def line(message_id: str, attempt: int, *, outcome: str | None = None) -> dict[str, Any]:
    common = {"log": "fanout", "function_request_id": f"r{attempt}"}
    if outcome is None:
        return {**common, "message": "received", "messages": {message_id: attempt}}
    return {**common, "message": outcome, "outcome": outcome, "message_id": message_id, "attempt": attempt}


def test_it_is_found_by_its_outputs(world: World) -> None:
    assert (world.subscriber.kind, world.subscriber.task, world.subscriber.log_group) == ("worker", "print", GROUP)
    elsewhere = World(fargate=False).subscriber
    assert (elsewhere.kind, elsewhere.log_group, elsewhere.service_arn) == ("worker", "", "")


def test_it_has_no_function_and_says_so(world: World) -> None:
    with pytest.raises(OpsError, match="^print has no function, as a worker runs it$"):
        _ = world.subscriber.function


def test_queues_without_anything_that_takes_messages_are_no_subscriber(world: World) -> None:
    for name in ("PrintServiceArn", "PrintLogGroupName"):
        del world.outputs[name]
    assert world.stack.subscribers == ()


def test_status_counts_its_workers(world: World) -> None:
    found = status.health(world.subscriber)
    assert (found.kind, found.mapping, found.problems, found.unseen) == ("worker", "1 of 2 run", [], [])


def test_none_is_needed_while_nothing_comes(world: World) -> None:
    world.ecs.service |= {"desiredCount": 0, "runningCount": 0}
    found = status.health(world.subscriber)
    assert (found.mapping, found.problems) == ("none needed", [])


@pytest.mark.parametrize("state", ["FAILED", "IN_PROGRESS"])
def test_workers_that_end_again_and_again_are_a_problem(world: World, state: str) -> None:
    failed = {
        "rolloutState": state,
        "failedTasks": 3,
        "rolloutStateReason": "ECS deployment circuit breaker:\n tasks failed",
    }
    world.ecs.service["deployments"] = [failed]
    (problem,) = status.health(world.subscriber).problems
    assert problem.startswith("3 of its workers could not start or ended: ECS deployment circuit breaker: tasks failed")
    assert "fanout logs print" in problem


def test_a_service_that_was_deleted_by_hand_is_a_problem(world: World) -> None:
    world.ecs.service["status"] = "INACTIVE"
    assert status.health(world.subscriber).problems == ["the service Print is gone: deploy the stack again"]


def test_elsewhere_nobody_is_asked_and_nobody_is_needed() -> None:
    found = status.health(World(fargate=False).subscriber)
    assert (found.mapping, found.problems, found.unseen) == ("elsewhere", [], [])


def test_a_pause_is_a_tag_of_its_queue_and_a_resume_takes_it_away(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "WORKER_SETTLED", 0.0)
    journal = Journal(tmp_path / "j.jsonl", "arn:me", "pause", "me@here")
    switch.pause(world.subscriber, "the printer burns", "arn:aws:iam::1:user/me", journal, Stop())
    assert "the printer burns" in world.tags[names.PAUSED_TAG]
    (problem,) = status.health(world.subscriber).problems
    assert problem.startswith("paused: the printer burns")
    with pytest.raises(OpsError, match="print is paused: fanout resume it first"):
        refuse_if_unsafe(world.subscriber, force=False)
    switch.resume(world.subscriber, journal, Stop())
    assert world.tags == {} and reason.read(world.subscriber) is None
    assert [json.loads(each)["step"] for each in (tmp_path / "j.jsonl").read_text().splitlines()] == [
        "pausing",
        "paused",
        "resuming",
        "resumed",
    ]


def test_a_pause_lasts_until_the_last_worker_has_seen_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker looks every 15 seconds, and a request of 20 may have begun before."""
    from fanout.worker.queue import LONGEST_WAIT
    from fanout.worker.receiving import LOOK_EVERY

    assert switch.WORKER_SETTLED >= LOOK_EVERY + LONGEST_WAIT
    monkeypatch.setattr(switch, "WORKER_SETTLED", 60.0)
    now = iter(range(0, 600, 30))
    monkeypatch.setattr("fanout.ops.pause.switch.time.monotonic", lambda: float(next(now)))
    waits = Stop()
    monkeypatch.setattr(waits, "sleep", lambda seconds: world.tags.clear())
    journal = Journal(tmp_path / "j.jsonl", "arn:me", "pause", "me@here")
    with pytest.raises(OpsError, match="somebody resumed it at the same time"):
        switch.pause(world.subscriber, "why", "arn:me", journal, waits)


@pytest.mark.parametrize("fargate", [True, False])
def test_a_redrive_and_a_replay_know_one_at_work_from_a_paused_one(fargate: bool) -> None:
    world = World(fargate=fargate)
    refuse_if_unsafe(world.subscriber, force=False)
    assert paused(world.subscriber) is None
    world.tags[names.PAUSED_TAG] = "2026-01-01 by me = why"
    assert paused(world.subscriber) == "print is paused"


def test_a_pause_that_cannot_be_read_is_none_that_is_not_there(world: World) -> None:
    def refuse(**_: Any) -> None:
        raise refused("AccessDenied", "ListQueueTags")

    cast(Any, world.sqs).list_queue_tags = refuse
    subscriber = world.subscriber
    for asked in (paused, partial(refuse_if_unsafe, force=False)):
        with pytest.raises(
            OpsError, match="^whether print is paused could not be read .*ListQueueTags.*: run it again"
        ):
            asked(subscriber)


def test_a_drain_of_a_paused_one_is_refused(world: World) -> None:
    world.sqs.put(QUEUE, "{}")
    assert switch.why_not_draining(world.subscriber) is None
    world.tags[names.PAUSED_TAG] = "2026-01-01 by me = why"
    assert "is paused (why)" in str(switch.why_not_draining(world.subscriber))


def test_an_attempt_of_hours_has_not_crashed(world: World) -> None:
    began = datetime.now(UTC) - timedelta(hours=3)
    world.logs.write(GROUP, line("m1", 1), at=began)
    assert _history(world, began) == []


def test_one_whose_message_was_handed_out_again_has_ended_and_so_has_one_older_than_sqs_keeps(world: World) -> None:
    began = datetime.now(UTC) - timedelta(hours=3)
    world.logs.write(GROUP, line("m1", 1), at=began)
    world.logs.write(GROUP, line("m1", 2), at=began + timedelta(minutes=5))
    assert _history(world, began) == [(1, "crashed", "WorkerEnded")]
    world.logs.write(GROUP, line("m1", 2, outcome="done"), at=began + timedelta(minutes=9))
    assert _history(world, began) == [(1, "crashed", "WorkerEnded"), (2, "done", None)]
    old = World()
    old.logs.write(GROUP, line("m1", 1), at=datetime.now(UTC) - timedelta(hours=13))
    assert _history(old, datetime.now(UTC) - timedelta(days=1)) == [(1, "crashed", "WorkerEnded")]


def _history(world: World, since: datetime) -> list[tuple[int, str, str | None]]:
    subscriber = world.subscriber
    found = logs.history(
        subscriber.aws, subscriber.log_group, ["m1"], since - timedelta(minutes=1), life=subscriber.longest_life
    )
    return [(each.attempt, each.kind, each.error_type) for each in found.lines]


def test_of_a_log_elsewhere_nothing_is_read_and_nothing_concluded() -> None:
    world = World(fargate=False)
    reading = logs.Reading(world.aws, world.subscriber.log_group, logs.OUTCOMES, datetime.now(UTC))
    assert list(reading) == [] and not reading.completeness
    told = list[str]()
    assert list(follow([world.subscriber], "", datetime.now(UTC), 1.0, Stop(), once=False, unread=told.append)) == []
    assert told == [
        "print: its log: a worker elsewhere has it, or what takes its messages has no fanout.runtime and writes none"
    ]


def test_an_alarm_that_only_counts_workers_needs_nobody(world: World) -> None:
    scales = "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:x:resource/ecs/service/c/s:policyName/p"
    assert not alarms.is_for_people({"AlarmActions": [scales]})
    assert alarms.is_for_people({"AlarmActions": [scales, "arn:aws:sns:eu-west-1:1:alarms"]})
    assert alarms.is_for_people({"AlarmActions": []})
    cloudwatch = cast(Any, world.aws.cloudwatch)
    cloudwatch.metric = [
        {"AlarmName": "Orders-Print-NothingThere", "StateValue": "ALARM", "AlarmActions": [scales]},
        {"AlarmName": "Orders-Print-Dead", "StateValue": "ALARM", "AlarmActions": ["arn:aws:sns:eu-west-1:1:alarms"]},
    ]
    told, unasked = status._alarms(world.aws, "Orders")
    assert [each["name"] for each in told] == ["Orders-Print-Dead"] and unasked == []


SLEEPS = {"type": [{"anything-but": [names.HEARTBEAT_TYPE]}, {"exists": False}]}


def test_a_probe_reaches_one_that_no_heartbeat_wakes() -> None:
    assert probes.attributes_for([Subscription("t", SLEEPS)]) == {}
    assert probes.attributes_for([Subscription("t", {})]) == probes.HEARTBEAT


def test_verify_waits_for_a_worker_to_start_and_says_where_it_cannot_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fanout.ops.verify.verification.read_subscriptions",
        lambda subscriber: [Subscription("arn:aws:sns:r:1:t", SLEEPS)],
    )
    here_ = Verification(world.stack)
    assert [each.task for each in here_.reached] == ["print"] and here_.starts > 900
    asked = list[dict[str, Any]]()
    cast(Any, world.aws).sns = SimpleNamespace(publish=lambda **each: asked.append(each))
    assert here_.publish("done")["print"].attributes == {} == asked[0]["MessageAttributes"]
    elsewhere = Verification(World(fargate=False).stack)
    with pytest.raises(NotShown):
        _ = elsewhere.reached
    assert "not shown at print, whose worker and log are elsewhere" in elsewhere.not_reached()


def test_its_variables_are_the_containers_where_a_shell_may_have_them(world: World) -> None:
    place = here.place_of(world.stack, "print")
    assert (place.variables, place.shared_with) == ({names.QUEUE_URL: QUEUE}, "its service on Fargate")
    world.template = {"Metadata": {names.METADATA: {names.PRODUCTION_METADATA: True}}}
    with pytest.raises(OpsError, match="Orders is production: print runs where it was deployed"):
        here.place_of(world.stack, "print")
