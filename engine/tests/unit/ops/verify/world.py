"""A deployment on AWS in memory: a topic, subscribers whose functions know probes, their logs and dead letters, and a clock.

It does what FAULTS of `broken` do not forbid: each of them is one way in which a deployment would not keep its promises.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout import names
from fanout.ops import lease
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.interrupt import Stop
from fanout.ops.verify import probes, session
from fanout.ops.verify.verification import Verification
from tests.unit.ops.aws.logs import Logs, outcome, received, report
from tests.unit.ops.aws.sqs import Clock, Sqs

TOPIC = "arn:aws:sns:eu-west-1:123456789012:topic"
TASKS = ("bill", "ship")
DELAY, TIMEOUT, VISIBILITY = 30.0, 20, 120
SCHEDULE = {
    "Type": "AWS::Scheduler::Schedule",
    "Properties": {"GroupName": "beats", "ScheduleExpression": "rate(5 minutes)"},
}


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, operation)


@dataclass
class Waiting:
    """A message in a task's queue. `due`: seconds, when it is visible."""

    task: str
    id: str
    body: str
    due: float
    attempt: int = 1


class ClockStop(Stop):
    """Nobody asks to stop, and sleeping is what makes the time pass."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def sleep(self, seconds: float) -> None:
        self._world.pass_(seconds)


@dataclass
class World:
    """`broken`: what does not work, by words that `step` tests use."""

    monkeypatch: pytest.MonkeyPatch
    broken: frozenset[str] = frozenset()
    is_aws: bool = True
    clock: Clock = field(default_factory=Clock)
    waiting: list[Waiting] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    measured: set[str] = field(default_factory=set)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=lambda: {"Orders-dev-NeedsAPerson": "OK"})
    resources: dict[str, Any] = field(default_factory=lambda: {"Beat": SCHEDULE})
    published: list[dict[str, Any]] = field(default_factory=list)
    others: int = 0
    protected: bool = False

    def __post_init__(self) -> None:
        self.sqs = Sqs(self.clock)
        self.logs = Logs(self.clock)
        self._count = 0
        self.monkeypatch.setattr(lease, "now", self.clock)
        self.monkeypatch.setattr(probes, "now", lambda: datetime.fromtimestamp(self.clock(), UTC))
        self.aws = self._aws()
        subscribers = tuple(
            DeployedSubscriber(
                self.aws, each.title(), each, f"https://sqs/1/{each}", f"https://sqs/1/{each}-dead", each
            )
            for each in TASKS
        )
        outputs = {
            names.TOPIC_ARN_OUTPUT: TOPIC,
            names.PUBLISHER_POLICY_ARN_OUTPUT: "arn:aws:iam::123456789012:policy/publisher",
            names.OPERATOR_READ_POLICY_ARN_OUTPUT: "arn:aws:iam::123456789012:policy/read",
        }
        arn = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Orders-dev/1"
        self.stack = Stack(self.aws, "Orders-dev", arn, "CREATE_COMPLETE", outputs, subscribers)
        self.monkeypatch.setattr(Deployed, "read", lambda stack: self.template())
        self.monkeypatch.setattr(session, "limited", lambda aws, policies, role=None: self._limited())

    def template(self) -> Deployed:
        template: dict[str, Any] = {"Resources": self.resources}
        return Deployed(self.stack, template, {each: each for each in self.resources})

    def verification(self) -> Verification:
        return Verification(self.stack, ClockStop(self), run="run", clock=self.clock)

    def pass_(self, seconds: float) -> None:
        """The clock goes on, and whatever is due happens."""
        end = self.clock() + max(seconds, 0.01)
        while due := [each for each in self.waiting if each.due <= end]:
            one = min(due, key=lambda each: each.due)
            self.waiting.remove(one)
            self.clock.time = max(self.clock.time, one.due)
            self._attempt(one)
        self.clock.time = end

    # ---- what happens to a probe

    def publish(self, **asked: Any) -> dict[str, str]:
        self.published.append(asked)
        event = json.loads(asked["Message"])
        for task in TASKS:
            if task == "ship" and "not delivered" in self.broken:
                continue
            self._count += 1
            if len(asked["MessageAttributes"]) > 10:
                if "undeliverable is lost" not in self.broken:
                    self.sqs.put(f"https://sqs/1/{task}-dead", asked["Message"], id_=f"m{self._count}")
                continue
            if "type" in event:
                self.waiting.append(Waiting(task, f"m{self._count}", asked["Message"], self.clock() + 0.2))
        return {"MessageId": "1"}

    def _attempt(self, one: Waiting) -> None:
        event = json.loads(one.body)
        data, key = event["data"], (one.task, event["id"])
        acts = one.attempt < data["until_attempt"] and data["task"] in (None, one.task)
        acts = acts and self.clock() - datetime.fromisoformat(event["time"]).timestamp() < data["seconds"]
        do = data["do"] if acts else "done"
        request = f"r-{one.id}-{one.attempt}"
        if "no announcement" not in self.broken:
            self.logs.write(one.task, received({one.id: one.attempt}, request))
        if do == "crash" and "no crash" not in self.broken:
            self._again(one, VISIBILITY)
        elif do == "transient":
            self._say(one, "failed", "TransientError")
            self._again(one, {"retry at once": 0.0, "retry late": 100.0}.get(next(iter(self.broken), ""), DELAY))
        elif do == "slow":
            self.clock.time += TIMEOUT
            self._say(one, "failed", "Timeout" if "slow is killed" in self.broken else "OutOfTime")
            self._again(one, DELAY)
        elif do == "permanent":
            self._say(one, "dead", "PermanentError")
            self._bury(one)
        else:
            self._done(one, key)
        if "no report" not in self.broken:
            self.logs.write(one.task, report(request))

    def _done(self, one: Waiting, key: tuple[str, str]) -> None:
        if "unknown version" in self.broken:
            self._say(one, "dead", "UnknownVersion")
        elif "fails" in self.broken:
            self._say(one, "failed", "TypeError")
        else:
            self._say(one, "duplicate" if key in self.seen and "done twice" not in self.broken else "done")
            self.seen.add(key)
            self.measured.add(one.task)

    def _say(self, one: Waiting, kind: str, error_type: str | None = None) -> None:
        event_id = json.loads(one.body)["id"]
        told = {"error_type": error_type, "error": "asked for"} if error_type else {}
        trace = {} if "no trace" in self.broken else {"xray_trace_id": f"1-{one.id}"}
        if "no log" not in self.broken:
            line = outcome(kind, one.id, one.attempt, event_id=event_id, **told, **trace)
            at = datetime.fromtimestamp(self.clock(), UTC).isoformat()
            self.logs.write(one.task, {**line, "timestamp": at})

    def _again(self, one: Waiting, seconds: float) -> None:
        if "nothing comes back" not in self.broken:
            self.waiting.append(Waiting(one.task, one.id, one.body, self.clock() + seconds, one.attempt + 1))

    def _bury(self, one: Waiting) -> None:
        if "not buried" in self.broken:
            return
        cause = {"error_type": "PermanentError", "error": "asked for", "message_id": one.id, "attempt": one.attempt}
        told = {"DataType": "String", "StringValue": json.dumps(cause)}
        attributes = {} if "no cause" in self.broken else {names.CAUSE_ATTRIBUTE: told}
        self.sqs.put(f"https://sqs/1/{one.task}-dead", one.body, id_=f"d-{one.id}", attributes=attributes)

    def beat(self, *tasks: str) -> None:
        for task in tasks:
            self.logs.write(task, outcome("heartbeat", "beat"))

    # ---- AWS

    def _aws(self) -> Aws:
        variables = {names.RETRY_DELAYS: f"{DELAY:g},60", names.RETRY_JITTER: "0.2", names.COMPLETED_TABLE: "records"}

        def attributes(**asked: Any) -> dict[str, Any]:
            found = self.sqs.get_queue_attributes(**asked)
            statement = {"Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}}}
            own = {"VisibilityTimeout": str(VISIBILITY), "Policy": json.dumps({"Statement": [statement]})}
            return {"Attributes": {**found["Attributes"], **own}}

        queues = SimpleNamespace(
            get_queue_attributes=attributes,
            receive_message=self.sqs.receive_message,
            send_message_batch=self._send,
            list_queue_tags=lambda QueueUrl: {},
            delete_message_batch=self.sqs.delete_message_batch,
            change_message_visibility_batch=self.sqs.change_message_visibility_batch,
        )
        config = {"Timeout": TIMEOUT, "Environment": {"Variables": {**variables, **self.variables}}}

        def function(FunctionName: str) -> dict[str, Any]:
            traced = {"TracingConfig": {"Mode": "PassThrough" if "not traced" in self.broken else "Active"}}
            return {**config, **traced, "LoggingConfig": {"LogGroup": FunctionName}}

        schedule = {
            "State": "DISABLED" if "schedule disabled" in self.broken else "ENABLED",
            "ScheduleExpression": "rate(5 minutes)",
        }
        return cast(
            Aws,
            SimpleNamespace(
                is_aws=self.is_aws,
                region="eu-west-1",
                caller="arn:aws:iam::123456789012:user/me",
                sqs=queues,
                sns=SimpleNamespace(
                    publish=self.publish,
                    get_paginator=lambda name: SimpleNamespace(paginate=self._subscriptions),
                    get_subscription_attributes=lambda SubscriptionArn: {
                        "Attributes": {"FilterPolicy": json.dumps(self.policies.get(SubscriptionArn, {}))}
                    },
                ),
                logs=self.logs,
                functions=SimpleNamespace(get_function_configuration=function),
                scheduler=SimpleNamespace(get_schedule=lambda **_: schedule),
                cloudwatch=SimpleNamespace(
                    get_metric_data=self._metrics,
                    get_paginator=lambda name: SimpleNamespace(paginate=self._alarms),
                    set_alarm_state=self._ring,
                ),
                cloudformation=SimpleNamespace(
                    describe_stacks=lambda StackName: {"Stacks": [{"EnableTerminationProtection": self.protected}]}
                ),
                session=SimpleNamespace(client=lambda service: SimpleNamespace(batch_get_traces=self._traces)),
            ),
        )

    def _send(self, **asked: Any) -> dict[str, Any]:
        """Into a task's own queue, from where its function takes it."""
        answer = self.sqs.send_message_batch(**asked)
        for each in self.sqs.take(asked["QueueUrl"]):
            self.waiting.append(Waiting(asked["QueueUrl"].rsplit("/", 1)[1], each.id, each.body, self.clock() + 0.2))
        return answer

    def _limited(self) -> Aws:
        """With the publisher's policy."""

        def refuse(operation: str, unless: str) -> Callable[..., Any]:
            def call(**_: Any) -> dict[str, Any]:
                if unless in self.broken:
                    return {}
                if "busy" in self.broken:
                    raise ClientError({"Error": {"Code": "Throttling", "Message": ""}}, operation)
                raise denied(operation)

            return call

        def publish(**asked: Any) -> Any:
            if "publisher may not publish" in self.broken:
                raise denied("Publish")
            return self.publish(**asked)

        plain = SimpleNamespace(publish=refuse("Publish", "plain HTTP is let in"))
        sns = SimpleNamespace(
            publish=publish,
            meta=SimpleNamespace(endpoint_url="https://sns.eu-west-1.amazonaws.com"),
            get_topic_attributes=refuse("GetTopicAttributes", "publisher may look"),
            list_subscriptions_by_topic=refuse("ListSubscriptionsByTopic", "publisher may list"),
        )
        return cast(
            Aws,
            SimpleNamespace(
                sns=sns,
                sqs=SimpleNamespace(receive_message=refuse("ReceiveMessage", "publisher may receive")),
                region="eu-west-1",
                session=SimpleNamespace(client=lambda *_, **__: plain),
            ),
        )

    def _subscriptions(self, TopicArn: str) -> list[dict[str, Any]]:
        own = [{"Endpoint": f"arn:aws:sqs:eu-west-1:1:{each}", "SubscriptionArn": each} for each in TASKS]
        others = [{"Endpoint": f"arn:aws:sqs:eu-west-1:2:{n}", "SubscriptionArn": str(n)} for n in range(self.others)]
        return [{"Subscriptions": [*own, *others]}]

    def _metrics(self, **asked: Any) -> dict[str, Any]:
        dimensions = asked["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"]
        task = next(each["Value"] for each in dimensions if each["Name"] == names.TASK_DIMENSION)
        shown = task in self.measured and "no metrics" not in self.broken
        (id_,) = (each["Id"] for each in asked["MetricDataQueries"])
        values = [1.0] if shown else []
        told = {"Id": id_, "StatusCode": "Complete", "Timestamps": [asked["StartTime"]] * len(values), "Values": values}
        return {"MetricDataResults": [told]}

    def _traces(self, TraceIds: list[str]) -> dict[str, Any]:
        return {"Traces": [] if "trace is lost" in self.broken else [{"Id": each} for each in TraceIds]}

    def _alarms(self, **_: Any) -> list[dict[str, Any]]:
        told = [{"AlarmName": name, "StateValue": state, "AlarmRule": ""} for name, state in self.alarms.items()]
        return [{"CompositeAlarms": told, "MetricAlarms": []}]

    def _ring(self, AlarmName: str, StateValue: str, StateReason: str) -> None:
        self.alarms[AlarmName] = StateValue
