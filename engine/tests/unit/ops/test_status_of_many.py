"""Of many subscribers, what one call tells of all is asked once; who is not told of is asked for, and never told as absent."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout import names
from fanout.cli.views.status import _row
from fanout.errors import OpsError
from fanout.ops.aws import mappings, metrics
from fanout.ops.aws.discovery import find
from fanout.ops.aws.metrics import MOST, KeptMetrics, Metric, read_metrics
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DELIVERY, DIRECT, FUNCTION, WORKER
from fanout.ops.status.health import Health
from fanout.ops.status.report import Report, first_look, report
from tests.unit.ops.aws.cloudwatch import CloudWatch
from tests.unit.ops.aws.logs import Logs, outcome
from tests.unit.ops.aws.sqs import Clock, Sqs

NAME = "Orders-prod"
STACK = f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{NAME}/1"
PAUSED = "2026-01-01T00:00:00+00:00 by me = the receiver was down"
MINUTE = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=3)


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


class Many:
    """So many subscribers. `tags` are those of mappings, now; `old_tags` what GetResources still says, where it is behind."""

    def __init__(self, count: int, *, described: bool = True) -> None:
        self.calls: Counter[str] = Counter()
        self.deny: set[str] = set()
        self.sqs, self.logs, self.cloudwatch = Sqs(Clock()), Logs(), CloudWatch()
        self.tasks = [f"task_{number}" for number in range(count)]
        self.states = dict.fromkeys(self.tasks, "Enabled")
        self.tags: dict[str, dict[str, str]] = {each: {names.TASK_TAG: each} for each in self.tasks}
        self.old_tags: dict[str, dict[str, str]] = {}
        self.others = 0
        self.outputs = [{"OutputKey": "TopicArn", "OutputValue": "arn:aws:sns:eu-west-1:1:t"}]
        for each in self.tasks:
            said = {"Description": f"{names.OF_TASK}{each}"} if described else {}
            for output, value in (("QueueUrl", f"https://1/{each}"), ("DeadLetterQueueUrl", f"https://1/{each}-dead")):
                self.outputs.append({"OutputKey": f"{each}{output}", "OutputValue": value, **said})
            self.outputs.append({"OutputKey": f"{each}FunctionName", "OutputValue": f"f-{each}"})
        self.aws = cast(
            Aws,
            SimpleNamespace(
                is_aws=False,
                sqs=self._counting(self.sqs, "get_queue_attributes", list_queue_tags=self._queue_tags),
                sns=SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=self._subscriptions)),
                logs=self._counting(self.logs, "filter_log_events"),
                cloudwatch=self._counting(self.cloudwatch, "get_metric_data", get_paginator=self._alarms),
                functions=self._counting(
                    SimpleNamespace(
                        get_function_configuration=lambda **_: {},
                        list_event_source_mappings=self._list,
                        list_tags=lambda Resource: {"Tags": self.tags[Resource.removeprefix("arn:m:")]},
                    ),
                    "get_function_configuration",
                    "list_event_source_mappings",
                    "list_tags",
                ),
                tagging=self._counting(SimpleNamespace(get_resources=self._resources), "get_resources"),
                cloudformation=self._counting(SimpleNamespace(describe_stacks=self._describe), "describe_stacks"),
            ),
        )

    def look(self) -> tuple[Report, dict[str, Health]]:
        found = report(self.stack)
        return found, {each.task: each for each in found.subscribers}

    @property
    def stack(self) -> Stack:
        return find(self.aws, NAME)

    def measure(self, task: str, **counts: int) -> None:
        for name in ("Done", "Duplicate", "Failed", "Dead"):
            if name in counts:
                self.cloudwatch.data[name, task] = [(MINUTE - timedelta(minutes=5), 0.0), (MINUTE, float(counts[name]))]

    def _counting(self, client: Any, *operations: str, **more: Any) -> Any:
        def counted(operation: str) -> Any:
            def call(**asked: Any) -> Any:
                self.calls[operation] += 1
                if operation in self.deny:
                    raise denied(operation)
                return getattr(client, operation)(**asked)

            return call

        return SimpleNamespace(**{each: counted(each) for each in operations}, **more)

    def _describe(self, StackName: str) -> Any:
        return {"Stacks": [{"StackId": STACK, "StackStatus": "CREATE_COMPLETE", "Outputs": self.outputs}]}

    def _queue_tags(self, QueueUrl: str) -> Any:
        self.calls["list_queue_tags"] += 1
        return {"Tags": {names.TASK_TAG: QueueUrl.rsplit("/", 1)[-1]}}

    def _subscriptions(self, **_: Any) -> Any:
        self.calls["list_subscriptions_by_topic"] += 1
        return [{"Subscriptions": [{"Endpoint": f"arn:aws:sqs:r:1:{each}"} for each in self.tasks]}]

    def _alarms(self, operation: str) -> Any:
        self.calls[operation] += 1
        return self.cloudwatch.get_paginator(operation)

    def _list(self, **asked: Any) -> Any:
        """A hundred a page, with `others` of other stacks before ours."""
        of = [f"other-{number}" for number in range(self.others)] + self.tasks
        if "FunctionName" in asked:
            of = [asked["FunctionName"].removeprefix("f-")]
        begin = int(asked.get("Marker", "0"))
        found = [
            {
                "FunctionArn": f"arn:aws:lambda:eu-west-1:1:function:f-{each}",
                "EventSourceArn": f"arn:aws:sqs:eu-west-1:1:{each}",
                "EventSourceMappingArn": f"arn:m:{each}",
                "State": self.states.get(each, "Disabled"),
            }
            for each in of[begin : begin + 100]
        ]
        return {"EventSourceMappings": found, **({"NextMarker": str(begin + 100)} if begin + 100 < len(of) else {})}

    def _resources(self, **asked: Any) -> Any:
        assert asked["ResourceTypeFilters"] == ["lambda:event-source-mapping"]
        assert asked["TagFilters"] == [{"Key": names.TASK_TAG}]
        found = {**self.tags, **self.old_tags}
        told = [
            {"ResourceARN": f"arn:m:{task}", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for task, tags in found.items()
            if names.TASK_TAG in tags
        ]
        return {"ResourceTagMappingList": told, "PaginationToken": ""}


@pytest.mark.parametrize("count", [3, 40])
def test_a_look_is_six_calls_and_two_for_each_subscriber(count: int) -> None:
    world = Many(count)
    found, _ = world.look()
    assert not found.needs_a_person and found.subscriptions == count
    assert world.calls.pop("get_queue_attributes") == 2 * count
    assert world.calls == {
        "describe_stacks": 1,
        "describe_alarms": 1,
        "get_metric_data": 1,
        "get_resources": 1,
        "list_event_source_mappings": 1,
        "list_subscriptions_by_topic": 1,
    }


def test_a_first_look_asks_while_the_stack_is_looked_for_what_its_name_is_enough_for() -> None:
    """Each waits until all four have been asked, and would give up alone."""
    world, together = Many(3), Barrier(4)
    clients = {
        "describe_stacks": world.aws.cloudformation,
        "list_event_source_mappings": world.aws.functions,
        "get_resources": world.aws.tagging,
        "get_paginator": world.aws.cloudwatch,
    }

    def waits(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*of: Any, **named: Any) -> Any:
            together.wait(timeout=5)
            return ask(*of, **named)

        return asked

    for operation, client in clients.items():
        vars(client)[operation] = waits(getattr(client, operation))
    stack, found = first_look(world.aws, NAME)
    assert stack.tasks == world.tasks and not found.needs_a_person
    assert sum(world.calls.values()) == 6 + 2 * 3


def test_an_alarm_rings_however_the_stack_is_named() -> None:
    world = Many(1)
    world.cloudwatch.metric = [{"AlarmName": f"{NAME}-TaskDead-1A2B3C4D5E6F", "StateValue": "ALARM"}]
    for name in (NAME, STACK):
        _, found = first_look(world.aws, name)
        assert found.needs_a_person and [each["name"] for each in found.alarms] == [f"{NAME}-TaskDead-1A2B3C4D5E6F"]


def test_metrics_are_asked_for_again_when_a_minute_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that is asked for is paid for, and has no newer value before."""
    world, kept, now = Many(3), KeptMetrics(), [1_000.0]
    monkeypatch.setattr(metrics, "time", SimpleNamespace(monotonic=lambda: now[0]))
    stack, found = first_look(world.aws, NAME, kept)
    for now[0] in (1_005.0, 1_059.0):
        assert report(stack, kept).as_dict()["subscribers"] == found.as_dict()["subscribers"]
    assert world.calls["get_metric_data"] == 1
    now[0] = 1_060.0
    report(stack, kept)
    assert world.calls["get_metric_data"] == 2


def test_of_metrics_that_are_older_than_a_minute_and_not_told_again_nothing_is_concluded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, kept, now = Many(3), KeptMetrics(), [1_000.0]
    monkeypatch.setattr(metrics, "time", SimpleNamespace(monotonic=lambda: now[0]))
    stack, found = first_look(world.aws, NAME, kept)
    assert not found.needs_a_person
    now[0], world.deny = 1_060.0, {"get_metric_data"}
    again = report(stack, kept)
    assert [each for each in again.problems if "get_metric_data" in each] == again.problems != []


def test_a_stack_that_is_not_there_is_said_in_one_line() -> None:
    world = Many(3)
    missing = ClientError({"Error": {"Code": "ValidationError", "Message": "S does not exist"}}, "DescribeStacks")

    def describe(**_: Any) -> Any:
        raise missing

    vars(world.aws.cloudformation).update(describe_stacks=describe, meta=SimpleNamespace(region_name="eu-west-1"))
    with pytest.raises(OpsError, match=f"^no stack {NAME} in eu-west-1 for these credentials"):
        first_look(world.aws, NAME)


def test_a_stack_that_does_not_describe_its_outputs_is_asked_for_tags_and_logs() -> None:
    world = Many(3, described=False)
    world.logs.write("/aws/lambda/f-task_1", outcome("failed", error_type="KeyError"))
    _, of = world.look()
    assert world.calls["list_queue_tags"] == world.calls["filter_log_events"] == 3 and list(of) == world.tasks
    error = of["task_1"].last_error
    assert error is not None and error.error_type == "KeyError"


def test_what_was_done_is_known_without_the_log() -> None:
    world = Many(3)
    world.measure("task_0", Done=4, Failed=0)
    world.measure("task_1", Duplicate=1)
    _, of = world.look()
    assert (of["task_0"].last_success, of["task_1"].last_success, of["task_2"].last_success) == (MINUTE, MINUTE, None)
    assert world.calls["filter_log_events"] == 0


def test_of_two_subscribers_of_one_task_the_log_says_which_was_done() -> None:
    """Their metrics are the same: all that they say is that both did nothing."""
    world = Many(3)
    for each in world.outputs:
        if "Description" in each and each["OutputKey"].startswith("task_2"):
            each["Description"] = f"{names.OF_TASK}task_1"
    found = report(world.stack)
    assert world.calls["filter_log_events"] == 0 and [each.task for each in found.subscribers][1:] == ["task_1"] * 2
    world.measure("task_1", Done=1)
    world.logs.write("/aws/lambda/f-task_2", outcome("done"))
    _, first, second = report(world.stack).subscribers
    assert first.last_success is None and second.last_success is not None and world.calls["filter_log_events"] == 2


@pytest.mark.parametrize("kind", ["Failed", "Dead"])
def test_what_failed_is_in_the_log(kind: str) -> None:
    world = Many(3)
    world.measure("task_0", Done=4, **{kind: 1})
    world.logs.write("/aws/lambda/f-task_0", outcome("failed", error_type="KeyError"), outcome("done", "m2"))
    _, of = world.look()
    error = of["task_0"].last_error
    assert error is not None and error.error_type == "KeyError" and of["task_0"].last_success is not None
    assert world.calls["filter_log_events"] == 1


@pytest.mark.parametrize("where", ["task_0", "task_0-dead"])
def test_while_an_event_waits_or_is_dead_the_log_is_read_as_metrics_are_late(where: str) -> None:
    world = Many(3)
    world.sqs.put(f"https://1/{where}", "{}")
    world.logs.write("/aws/lambda/f-task_0", outcome("failed", error_type="KeyError"))
    _, of = world.look()
    assert of["task_0"].last_error is not None and world.calls["filter_log_events"] == 1


@pytest.mark.parametrize("how", ["denied", "in part"])
def test_of_metrics_that_were_not_told_nothing_is_concluded(how: str) -> None:
    world = Many(3)
    if how == "denied":
        world.deny = {"get_metric_data"}
    else:
        world.cloudwatch.states["Failed"] = "PartialData"
    world.logs.write("/aws/lambda/f-task_0", outcome("failed", error_type="KeyError"))
    found, of = world.look()
    assert of["task_0"].last_error is not None and world.calls["filter_log_events"] == 3
    assert [each for each in found.problems if "get_metric_data" in each] == found.problems
    assert len(found.problems) == (how == "denied") and all(not each.problems for each in found.subscribers)


@pytest.mark.parametrize("code", ["AuthorizationError", "Throttling"])
def test_who_hears_another_topic_that_could_not_be_asked_is_not_told_as_unsubscribed(code: str) -> None:
    world, theirs = Many(2), "arn:aws:sns:eu-west-1:999999999999:Theirs"
    policy = {"Statement": [{"Condition": {"ArnEquals": {"aws:SourceArn": theirs}}}]}
    world.sqs.queue("https://1/task_1").more["Policy"] = json.dumps(policy)

    def subscriptions(TopicArn: str) -> Any:
        if TopicArn == theirs:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListSubscriptionsByTopic")
        return [{"Subscriptions": [{"Endpoint": "arn:aws:sqs:r:1:task_0"}]}]

    vars(world.aws.sns)["get_paginator"] = lambda _: SimpleNamespace(paginate=subscriptions)
    found, _ = world.look()
    assert found.unread == found.problems and len(found.problems) == 1
    assert found.problems[0].startswith("whether task_1 is subscribed could not be asked: ")
    world.sqs.queue("https://1/task_1").more["Policy"] = "{}"
    found, _ = world.look()
    assert "task_1 is not subscribed to the topic" in found.problems[0] and found.unread == []


def test_dead_letters_that_were_not_read_are_no_absence() -> None:
    world = Many(2)
    ask = world.aws.sqs.get_queue_attributes

    def attributes(**asked: Any) -> Any:
        if asked["QueueUrl"] == "https://1/task_0-dead":
            raise denied("get_queue_attributes")
        return ask(**asked)

    vars(world.aws.sqs)["get_queue_attributes"] = attributes
    _, of = world.look()
    assert (of["task_0"].dead, of["task_0"].buries, of["task_1"].dead) == (None, True, 0)
    assert of["task_0"].unread == of["task_0"].problems and "get_queue_attributes" in of["task_0"].problems[0]
    assert not of["task_0"].knows_outcomes and of["task_1"].knows_outcomes and of["task_1"].unread == []


@pytest.mark.parametrize("kind", [FUNCTION, WORKER, DIRECT, DELIVERY])
def test_the_table_has_a_mark_for_what_was_not_read_and_one_for_what_is_not_there(kind: str) -> None:
    def dead(health: Health) -> str:
        return _row(health)[5].plain

    assert dead(Health("task", kind)) == "?" and dead(Health("task", kind, buries=False)) == "-"
    assert dead(Health("task", kind, dead=0)) == "0"


def test_alarms_that_may_not_be_asked_for_are_said_once() -> None:
    world = Many(3)

    def refused(_: str) -> Any:
        raise denied("describe_alarms")

    vars(world.aws.cloudwatch)["get_paginator"] = refused
    found, _ = world.look()
    assert found.alarms == [] and len(found.problems) == 1 and "describe_alarms" in found.problems[0]


def test_of_an_answer_that_nobody_expects_nothing_is_concluded() -> None:
    world = Many(3)
    vars(world.aws.tagging)["get_resources"] = lambda **_: {}
    vars(world.aws.cloudwatch)["get_metric_data"] = lambda **_: {}
    found, _ = world.look()
    assert found.problems == ["not all metrics can be read: KeyError"]
    assert world.calls["list_tags"] == world.calls["filter_log_events"] == 3


@pytest.mark.parametrize("deny", [set(), {"get_resources"}], ids=["tags of all", "tags of each"])
def test_a_pause_that_a_deployment_ended_is_drift(deny: set[str]) -> None:
    world = Many(3)
    world.deny = deny
    world.tags["task_1"][names.PAUSED_TAG] = PAUSED
    _, of = world.look()
    (problem,) = of["task_1"].problems
    assert problem.startswith("drift: paused by me, but its mapping is enabled")
    assert world.calls["list_tags"] == (3 if deny else 1) and not of["task_0"].problems


def test_a_mapping_that_no_answer_has_is_asked_for_its_tags() -> None:
    world = Many(3)
    world.tags["task_1"] = {names.PAUSED_TAG: PAUSED}
    _, of = world.look()
    assert of["task_1"].pause is not None and world.calls["list_tags"] == 1


def test_a_pause_that_was_ended_just_now_is_no_drift() -> None:
    world = Many(3)
    world.old_tags["task_1"] = {**world.tags["task_1"], names.PAUSED_TAG: PAUSED}
    found, _ = world.look()
    assert not found.needs_a_person and world.calls["list_tags"] == 1


@pytest.mark.parametrize(
    ("tag", "problem"),
    [
        (names.PAUSED_TAG, "paused: the receiver was down (me)"),
        (names.CIRCUIT_TAG, "its circuit breaker opened at 2026-01-01"),
        ("other", "its mapping is disabled, and not by fanout pause"),
    ],
)
def test_why_a_mapping_is_off_is_asked_for_now(tag: str, problem: str) -> None:
    world = Many(3)
    world.states["task_1"] = "Disabled"
    world.old_tags["task_1"] = dict(world.tags["task_1"])
    world.tags["task_1"][tag] = "1767225600" if tag == names.CIRCUIT_TAG else PAUSED
    _, of = world.look()
    assert [each.startswith(problem) for each in of["task_1"].problems] == [True]


@pytest.mark.parametrize(("others", "asked"), [(150, 2), (1_000, 5)], ids=["on its pages", "beyond"])
def test_in_an_account_of_many_mappings_ours_are_found(others: int, asked: int) -> None:
    """Of the pages that one stack fills; those on later ones by their functions."""
    world = Many(3)
    world.others = others
    found, _ = world.look()
    assert not found.needs_a_person and world.calls["list_event_source_mappings"] == asked
    assert mappings.PAGES == 2


def test_a_list_of_mappings_that_may_not_be_asked_for_is_each_ones_problem() -> None:
    world = Many(3)
    world.deny = {"list_event_source_mappings"}
    found, of = world.look()
    assert found.problems == [] and {each.mapping for each in of.values()} == {"unknown"}
    assert all("list_event_source_mappings" in problem for each in of.values() for problem in each.problems)
    assert all(each.waiting == 0 and each.problems for each in of.values())


def test_a_backfill_is_asked_for_where_a_stack_says_that_there_is_one() -> None:
    world = Many(3)
    for each in world.outputs:
        if each["OutputKey"] == "task_1QueueUrl":
            each["Description"] += names.WITH_BACKFILL
    vars(world.aws.sqs)["list_queue_tags"] = lambda **_: {"Tags": {names.BACKFILL_TAG: "30"}}
    _, of = world.look()
    assert [each.backfill for each in of.values()] == [None, 30, None]


def test_an_age_is_of_the_last_minutes() -> None:
    world = Many(3)
    url = "https://1/task_0"
    world.sqs.put(url, "{}")
    now = datetime.now(UTC)
    world.cloudwatch.data["ApproximateAgeOfOldestMessage", "task_0"] = [
        (now - timedelta(minutes=12), 9_000.0),
        (now - timedelta(minutes=5), 940.0),
        (now - timedelta(minutes=4), 1_000.0),
        (now - timedelta(minutes=6), 880.0),
    ]
    world.cloudwatch.data["ApproximateAgeOfOldestMessage", "task_1"] = [(now - timedelta(minutes=12), 9_000.0)]
    _, of = world.look()
    assert (of["task_0"].oldest_seconds, of["task_1"].oldest_seconds) == (1_000, None)
    assert [each for each in of["task_0"].problems if each.startswith("its oldest message waits for 1000 s")]


def test_five_hundred_metrics_are_asked_for_at_a_time_and_read_to_the_last_page() -> None:
    cloudwatch = CloudWatch()
    wanted = [Metric("Fanout", "Done", "Sum", (("stack", "S"), ("task", f"t{n}"))) for n in range(MOST + 100)]
    for each in wanted:
        cloudwatch.data["Done", each.dimensions[-1][1]] = [(MINUTE, 1.0), (MINUTE, 2.0)]
    found = read_metrics(cast(Aws, SimpleNamespace(cloudwatch=cloudwatch)), wanted, MINUTE, datetime.now(UTC))
    assert len(found) == MOST + 100 and all([value for _, value in each] == [1.0, 2.0] for each in found.values())
    assert [len(each) for each in cloudwatch.data_requests] == [500, 500, 100]
