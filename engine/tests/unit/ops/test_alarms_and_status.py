"""Alarms of every kind are seen in few calls; whatever one subscriber's reading raises is that subscriber's problem."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout.errors import OpsError
from fanout.ops.aws import alarms
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.doctor.doctor import _drift, examine
from fanout.ops.doctor.live import READS
from fanout.ops.interrupt import Stop
from fanout.ops.pause.drain import drain
from fanout.ops.redrive.preview import refuse_if_unsafe
from fanout.ops.status import report as status
from tests.unit.ops.aws.cloudwatch import CloudWatch
from tests.unit.ops.aws.logs import Logs, outcome
from tests.unit.ops.aws.sqs import Clock, Sqs
from tests.unit.ops.test_on_call_parts import age_told

NAME = "Orders-prod"
ARN = f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{NAME}/1"


def stack(cloudwatch: CloudWatch) -> Stack:
    aws = cast(Aws, SimpleNamespace(cloudwatch=cloudwatch, is_aws=False))
    return Stack(aws, NAME, ARN, "CREATE_COMPLETE", {}, ())


def test_a_composite_alarm_that_rings_is_a_reason_to_come() -> None:
    cloudwatch = CloudWatch()
    cloudwatch.composite = [{"AlarmName": f"{NAME}-NeedsAPerson", "StateValue": "ALARM", "AlarmDescription": "come"}]
    cloudwatch.metric = [
        {"AlarmName": f"{NAME}-Quiet", "StateValue": "OK"},
        {"AlarmName": "Others", "StateValue": "ALARM"},
    ]
    found = status.report(stack(cloudwatch))
    assert [each["name"] for each in found.alarms] == [f"{NAME}-NeedsAPerson"] and found.needs_a_person
    assert len(cloudwatch.requests) == 1


def test_the_alarms_of_a_stack_whose_name_begins_with_this_ones_are_not_its_own() -> None:
    cloudwatch = CloudWatch()
    own = ["MailDeadLetterAlarm1A2B3C4D-0AB1CD2EF3GHI", "made-by-hand", "NeedsAPerson"]
    others = ["anna-MailDeadLetterAlarm1A2B3C4D-0AB1CD2EF3GH", "anna-2-NeedsAPerson"]
    cloudwatch.metric = [{"AlarmName": f"{NAME}-{each}", "StateValue": "ALARM"} for each in [*own, *others]]
    assert [each["name"] for each in status.report(stack(cloudwatch)).alarms] == [f"{NAME}-{each}" for each in own]
    named = [f"{NAME}-{each}" for each in others]
    assert alarms.by_name(stack(cloudwatch), named).keys() >= set(named)  # they are asked for by their whole names


def deployed(cloudwatch: CloudWatch, count: int) -> Deployed:
    kinds = ["AWS::CloudWatch::Alarm"] * count + ["AWS::CloudWatch::CompositeAlarm"]
    resources = {
        f"A{n}": {"Type": kind, "Properties": {"ActionsEnabled": True, "AlarmActions": ["arn:t"]}}
        for n, kind in enumerate(kinds)
    }
    ids = {id_: f"{NAME}-{id_}" for id_ in resources} | {"A1": "named-by-hand"}
    return Deployed(stack(cloudwatch), {"Resources": resources}, ids)


def test_a_template_that_was_written_as_yaml_is_read_with_its_short_tags() -> None:
    written = """\
Resources:
  Q:
    Type: AWS::SQS::Queue
  P:
    Type: AWS::SQS::QueuePolicy
    Properties: {Queues: [!Ref Q], Of: !GetAtt Q.Arn}
"""
    pages = [
        {
            "StackResourceSummaries": [
                {"LogicalResourceId": "Q", "PhysicalResourceId": "https://sqs.eu-west-1.amazonaws.com/1/orders"}
            ]
        }
    ]
    cloudformation = SimpleNamespace(
        get_template=lambda **_: {"TemplateBody": written},
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: pages),
    )
    aws = cast(Aws, SimpleNamespace(cloudformation=cloudformation, region="eu-west-1"))
    read = Deployed.read(Stack(aws, NAME, ARN, "CREATE_COMPLETE", {}, ()))
    (policy,) = read.of_type("AWS::SQS::QueuePolicy").values()
    assert read.resolved(policy) == {
        "Queues": ["https://sqs.eu-west-1.amazonaws.com/1/orders"],
        "Of": "arn:aws:sqs:eu-west-1:123456789012:orders",
    }


def test_doctor_asks_for_all_alarms_in_a_few_calls_and_compares_composite_ones() -> None:
    cloudwatch = CloudWatch()
    told = deployed(cloudwatch, 39)
    as_deployed = {"ActionsEnabled": True, "AlarmActions": ["arn:t"]}
    names = [told.ids[f"A{n}"] for n in range(39)]
    cloudwatch.metric = [{"AlarmName": each, **as_deployed} for each in names if each != f"{NAME}-A3"]
    cloudwatch.composite = [{"AlarmName": told.ids["A39"], **as_deployed, "ActionsEnabled": False}]
    found = [
        each
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for each in _drift(told, kind, READS[kind], {"Resources": {"A39": {}, "A3": {}}})
    ]
    assert [(each.kind, each.where) for each in found] == [("gone", "A3"), ("drift", "A39")]
    assert len(cloudwatch.requests) == 2


def test_doctor_asks_for_what_is_live_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the queues waits until all have been asked, and would give up alone."""
    sqs, together = Sqs(), Barrier(3)

    def attributes(**asked: Any) -> dict[str, Any]:
        together.wait(timeout=5)
        return {"Attributes": {"VisibilityTimeout": "31" if asked["QueueUrl"] == "https://1/Q1" else "30"}}

    sqs.get_queue_attributes = attributes  # type: ignore[method-assign]
    queues: dict[str, Any] = {f"Q{n}": {"Type": "AWS::SQS::Queue", "Properties": {}} for n in range(3)}
    aws = cast(Aws, SimpleNamespace(sqs=sqs, is_aws=False))
    read = Deployed(
        Stack(aws, NAME, ARN, "CREATE_COMPLETE", {}, ()), {"Resources": queues}, {q: f"https://1/{q}" for q in queues}
    )
    monkeypatch.setattr(Deployed, "read", lambda stack: read)
    found = [each for each in examine(read.stack) if each.kind != "finding"]
    assert [(each.kind, each.where) for each in found] == [("drift", "Q1")]


def doctors_functions(calls: list[str | None], *listed: str) -> Any:
    """Mappings of three functions, of which a list of all has those that are `listed`."""

    def mappings(FunctionName: str | None = None, **_: Any) -> dict[str, Any]:
        calls.append(FunctionName)
        found = [
            {
                "UUID": f"u-{each}",
                "FunctionArn": f"arn:aws:lambda:r:1:function:{each}",
                "EventSourceArn": f"arn:aws:sqs:r:1:{each}",
                "State": "Disabled" if each == "F1" else "Enabled",
            }
            for each in ([FunctionName] if FunctionName else listed)
        ]
        return {"EventSourceMappings": found}

    return SimpleNamespace(list_event_source_mappings=mappings)


@pytest.mark.parametrize(
    ("listed", "asked"),
    [(["F0", "F1", "F2"], [None]), (["F0", "F1"], [None, "F2"]), ([], [None, "F0", "F1", "F2"])],
    ids=["all", "all but one", "none"],
)
def test_doctor_asks_once_for_mappings_and_for_a_queue_with_its_policy(
    listed: list[str], asked: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, queues, lists = Sqs(), list[str](), list[str | None]()

    def attributes(**of: Any) -> dict[str, Any]:
        queues.append(of["QueueUrl"])
        return {"Attributes": {"VisibilityTimeout": "31"}}

    sqs.get_queue_attributes = attributes  # type: ignore[method-assign]
    resources: dict[str, Any] = {
        f"M{n}": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"FunctionName": f"F{n}", "FunctionResponseTypes": []},
        }
        for n in range(3)
    }
    resources["Q"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    resources["P"] = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Q"}], "PolicyDocument": {}}}
    aws = cast(Aws, SimpleNamespace(sqs=sqs, functions=doctors_functions(lists, *listed), is_aws=False))
    ids = {"Q": "https://1/q", "P": "p"} | {f"M{n}": f"u-F{n}" for n in range(3)}
    read = Deployed(Stack(aws, NAME, ARN, "CREATE_COMPLETE", {}, ()), {"Resources": resources}, ids)
    monkeypatch.setattr(Deployed, "read", lambda stack: read)
    found = [each for each in examine(read.stack) if each.kind != "finding"]
    assert [(each.kind, each.where, each.what.partition(",")[0]) for each in found] == [
        ("drift", "Q", "VisibilityTimeout is 31"),
        ("drift", "M1", "Enabled is false"),
    ]
    assert queues == ["https://1/q"] and sorted(lists, key=str) == sorted(asked, key=str)


def test_a_hundred_names_are_asked_for_at_a_time() -> None:
    cloudwatch = CloudWatch()
    names = [f"by-hand-{n}" for n in range(150)]
    cloudwatch.metric = [{"AlarmName": each} for each in names]
    assert len(alarms.by_name(stack(cloudwatch), names)) == 150 and len(cloudwatch.requests) == 2


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.sqs, self.logs = Sqs(self.clock), Logs()
        mapping = {
            "FunctionArn": "arn:aws:lambda:r:1:function:f",
            "EventSourceArn": "arn:q",
            "EventSourceMappingArn": "arn:m",
            "State": "Enabled",
        }
        self.aws = SimpleNamespace(
            sqs=self.sqs,
            logs=self.logs,
            cloudwatch=CloudWatch(),
            functions=SimpleNamespace(
                get_function_configuration=lambda **_: {},
                list_event_source_mappings=lambda **_: {"EventSourceMappings": [mapping]},
                list_tags=lambda **_: {},
            ),
            is_aws=True,
        )
        self.sqs.list_queue_tags = lambda **_: {}  # type: ignore[attr-defined]
        self.subscriber = DeployedSubscriber(cast(Aws, self.aws), "Task", "task", "https://1/q", "https://1/d", "f")


def test_a_subscribers_questions_are_asked_at_once() -> None:
    """Both queues, the mapping and the age: each waits until all have been asked, and would give up alone."""
    world, together = World(), Barrier(4)

    def waits(answer: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any, **named: Any) -> Any:
            together.wait(timeout=5)
            return answer(*arguments, **named)

        return asked

    sqs: Any = world.sqs
    sqs.get_queue_attributes = waits(sqs.get_queue_attributes)
    world.aws.functions.list_event_source_mappings = waits(world.aws.functions.list_event_source_mappings)
    world.aws.cloudwatch.get_metric_data = waits(lambda **_: age_told(2.0))
    found = status.health(world.subscriber)
    assert (found.problems, found.mapping, found.oldest_seconds, found.dead) == ([], "Enabled", 2, 0)


@pytest.mark.parametrize("error", [RuntimeError("CANARY"), KeyError("CANARY"), RecursionError(), TypeError("x")])
def test_any_exception_is_a_problem_of_its_subscriber(error: Exception) -> None:
    world = World()

    def broken(_: Any) -> None:
        raise error

    world.logs.around = broken
    found = status.health(world.subscriber)
    assert found.problems == [f"not all of it can be read: {type(error).__name__} in outcomes"]
    assert (found.waiting, found.mapping) == (0, "Enabled")


def test_a_subscriber_that_keeps_no_dead_letters_says_so() -> None:
    subscriber = World().subscriber
    told = [status.health(each).as_dict() for each in (subscriber, replace(subscriber, dead_letter_queue_url=""))]
    assert [(each["buries"], each["dead"]) for each in told] == [(True, 0), (False, None)]


def test_of_a_log_that_was_not_read_to_its_end_status_says_so() -> None:
    world = World()
    world.logs.page_events = world.logs.scanned = 1
    world.logs.write("/aws/lambda/f", *(outcome("done", f"m{n}") for n in range(30)), at=datetime.now(UTC))
    found = status.health(world.subscriber)
    assert found.problems == [] and "more than 20 pages" in found.unseen[0]
    report = status.Report(stack(CloudWatch()), datetime.now(UTC), [found], None, [], [])
    assert report.needs_a_person and found.as_dict()["unseen"] == found.unseen


def test_a_mapping_is_found_on_whatever_page_it_is() -> None:
    world = World()
    (own,) = world.aws.functions.list_event_source_mappings()["EventSourceMappings"]
    other = {**own, "EventSourceArn": "arn:other"}
    pages = {None: ([], "1"), "1": ([other], "2"), "2": ([], "3"), "3": ([own], None)}

    def listed(FunctionName: str, Marker: str | None = None) -> dict[str, Any]:
        found, after = pages[Marker]
        return {"EventSourceMappings": found, **({"NextMarker": after} if after else {})}

    world.aws.functions.list_event_source_mappings = listed
    assert world.subscriber.mapping() == own
    assert status.health(world.subscriber).problems == []
    pages["3"] = ([other], None)
    with pytest.raises(OpsError, match="^task: nothing feeds its queue to its function"):
        world.subscriber.mapping()


def test_why_a_pause_is_not_known_is_said_once_and_beside_nothing_else() -> None:
    world = World()
    world.sqs.put(world.subscriber.dead_letter_queue_url, "{}")

    def denied(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListEventSourceMappings")

    world.aws.functions.list_event_source_mappings = world.aws.functions.get_function_configuration = denied
    found = status.health(world.subscriber)
    (why,) = set(found.unread)
    assert len(found.unread) == 2 and len(found.problems) == 3
    with pytest.raises(OpsError) as refused:
        refuse_if_unsafe(world.subscriber, force=False)
    assert str(refused.value) == (
        f"whether task is paused could not be read ({why}): run it again; --force does it all the same"
    )


class Patience(Stop):
    """Time goes on when somebody waits."""

    def __init__(self, clock: Clock, *, after: Any = None) -> None:
        super().__init__()
        self.clock, self.after = clock, after or (lambda: None)

    def sleep(self, seconds: float) -> None:
        self.clock.wait(seconds)
        self.after()


def test_a_queue_is_empty_when_its_counts_were_zero_for_three_minutes() -> None:
    world, told = World(), list[str]()
    began = world.clock()
    depth, is_empty = drain(world.subscriber, 900.0, Patience(world.clock), told.append, now=world.clock)
    assert is_empty and depth.all == 0 and 180 <= world.clock() - began < 190
    assert told == ["task: empty by SQS's counts; they must stay so for 180 s"]


def test_counts_that_are_behind_do_not_end_it() -> None:
    """SQS still counts none for a minute after three came."""
    world = World()
    world.sqs.queue(world.subscriber.queue_url).lag = 60.0
    for _ in range(3):
        world.sqs.put(world.subscriber.queue_url, "{}")
    told: list[str] = []
    depth, is_empty = drain(world.subscriber, 400.0, Patience(world.clock), told.append, now=world.clock)
    assert not is_empty and depth.visible == 3
    assert told == [
        "task: empty by SQS's counts; they must stay so for 180 s",
        "task: 3 waiting, 0 in flight, 0 delayed",
    ]


def test_what_comes_in_between_begins_the_three_minutes_anew() -> None:
    world = World()
    began, url = world.clock(), world.subscriber.queue_url
    moments: dict[int, Callable[[], object]] = {100: lambda: world.sqs.put(url, "{}"), 120: lambda: world.sqs.take(url)}

    def after() -> None:
        for moment in [each for each in moments if world.clock() - began >= each]:
            moments.pop(moment)()

    _, is_empty = drain(world.subscriber, 900.0, Patience(world.clock, after=after), lambda _: None, now=world.clock)
    assert is_empty and world.clock() - began >= 300


def test_in_time_it_was_not_empty_for_long_enough() -> None:
    world = World()
    depth, is_empty = drain(world.subscriber, 60.0, Patience(world.clock), lambda _: None, now=world.clock)
    assert depth.all == 0 and not is_empty
