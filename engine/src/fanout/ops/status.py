"""What an operator must know first: per subscriber, the topic, and what rings. Reads only."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError
from fanout.ops.aws import alarms, logs, service, starts
from fanout.ops.aws.discovery import DELIVERY, DIRECT, FUNCTION, WORKER, DeployedSubscriber, Stack
from fanout.ops.aws.line import Line
from fanout.ops.aws.session import AT_ONCE
from fanout.ops.aws.subscription import read_subscriptions, subscription_state
from fanout.ops.dead_letters import browse
from fanout.ops.pause import reason, switch
from fanout.ops.pause.reason import Pause
from fanout.ops.recipients import unheard
from fanout.words import counted

RECENT = timedelta(minutes=15)
START_SECONDS = 2.0
"""In which a function on an embedded AWS has started and logged what it received."""
OLD_SECONDS = 900
"""Older than this, and a queue needs a person: nothing of ours waits so long between two attempts by default."""
_METRIC_DELAY = timedelta(minutes=10)
_MOST_PAGES = 20
"""Of the log, which is about 20 MB."""


@dataclass
class Health:
    """One subscriber now. `problems` are sentences; none of them means that nobody is needed."""

    task: str
    kind: str = FUNCTION
    waiting: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    oldest_seconds: int | None = None
    dead: int | None = None
    dead_hidden: int | None = None
    mapping: str = "unknown"
    """Of a worker: how many run, or that it runs elsewhere."""
    pause: Pause | None = None
    concurrency: int | None = None
    last_error: Line | None = None
    last_success: datetime | None = None
    backfill: int | None = None
    """Days of archived events that its deployment asks for and nobody has sent yet: no problem, and said."""
    problems: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """What its last error and success do not rest on, as it was not read."""

    def as_dict(self) -> dict[str, Any]:
        return {
            **{
                name: getattr(self, name)
                for name in ("task", "kind", "waiting", "in_flight", "delayed", "oldest_seconds")
            },
            "dead": self.dead,
            "dead_hidden": self.dead_hidden,
            "mapping": self.mapping,
            "pause": self.pause.as_dict() if self.pause else None,
            "concurrency": self.concurrency,
            "last_error": self.last_error.as_dict() if self.last_error else None,
            "last_success": self.last_success,
            "backfill": self.backfill,
            "problems": self.problems,
            "unseen": self.unseen,
        }


Read = Callable[[DeployedSubscriber, Health], None]


@dataclass
class Report:
    """The stack now."""

    stack: Stack
    at: datetime
    subscribers: list[Health]
    subscriptions: int | None
    alarms: list[dict[str, Any]]
    problems: list[str]

    @property
    def needs_a_person(self) -> bool:
        return bool(self.problems or self.alarms or any(each.problems or each.unseen for each in self.subscribers))

    def as_dict(self) -> dict[str, Any]:
        return {
            "stack": self.stack.name,
            "status": self.stack.status,
            "account": self.stack.account,
            "region": self.stack.region,
            "at": self.at,
            "topic": {"arn": next(iter(self.stack.topics.values()), None), "subscriptions": self.subscriptions},
            **({"topics": self.stack.topics} if len(self.stack.topics) > 1 else {}),
            "subscribers": [each.as_dict() for each in self.subscribers],
            "alarms": self.alarms,
            "problems": self.problems,
            "needs_a_person": self.needs_a_person,
        }


def report(stack: Stack) -> Report:
    """A handful of calls for each subscriber, AT_ONCE of them under way at a time whoever's they are.

    A subscriber waits for none of its own but for the two of its mapping, and for what only its queue and log give cause to ask.
    What cannot be read is a problem of that subscriber only.
    """
    problems = (
        [] if stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status else [f"it is {stack.status}"]
    )
    of_topics, of_alarms = list[str](), list[str]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        deaf = pool.submit(unheard, stack)
        subscriptions = pool.submit(_subscriptions, stack, of_topics)
        ringing = pool.submit(_alarms, stack, of_alarms)
        healths = _healths((*stack.subscribers, *stack.deliveries), pool)
    problems += [*(each.line for each in deaf.result()), *of_topics, *of_alarms]
    return Report(stack, datetime.now(UTC), healths, subscriptions.result(), ringing.result(), problems)


def health(subscriber: DeployedSubscriber) -> Health:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return _healths([subscriber], pool)[0]


def _healths(subscribers: Sequence[DeployedSubscriber], pool: ThreadPoolExecutor) -> list[Health]:
    begun = [[pool.submit(_part, each, read) for read in _READS[each.kind]] for each in subscribers]
    found = [_joined(each, [part.result() for part in parts]) for each, parts in zip(subscribers, begun, strict=True)]
    list(pool.map(_conclude, subscribers, found))
    return found


def _part(subscriber: DeployedSubscriber, read: Read) -> Health:
    """What one question says, so that several can be asked at once."""
    found = Health(subscriber.task)
    _asked(subscriber, found, read)
    return found


def _conclude(subscriber: DeployedSubscriber, found: Health) -> None:
    for read in _THEN.get(subscriber.kind, ()):
        _asked(subscriber, found, read)


def _asked(subscriber: DeployedSubscriber, found: Health, read: Read) -> None:
    try:
        read(subscriber, found)
    except (UserError, ClientError, BotoCoreError) as error:
        found.problems.append(one_line(error))
    except Exception as error:  # whatever is in a queue, a log or an answer: it is this subscriber's
        found.problems.append(f"not all of it can be read: {type(error).__name__} in {read.__name__.strip('_')}")


def _joined(subscriber: DeployedSubscriber, parts: Sequence[Health]) -> Health:
    """No two parts say the same but sentences, which follow each other in the order of the questions."""
    nothing = Health(subscriber.task)
    found = Health(subscriber.task, kind=subscriber.kind, backfill=subscriber.open_backfill)
    for part in parts:
        for each in fields(Health):
            value = getattr(part, each.name)
            if isinstance(value, list):
                getattr(found, each.name).extend(value)
            elif value != getattr(nothing, each.name):
                setattr(found, each.name, value)
    return found


def _queue(subscriber: DeployedSubscriber, found: Health) -> None:
    depth = browse.read_depth(subscriber.aws, subscriber.queue_url)
    found.waiting, found.in_flight, found.delayed = depth.visible, depth.in_flight, depth.delayed


def _dead(subscriber: DeployedSubscriber, found: Health) -> None:
    if not subscriber.buries:
        return
    depth = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url)
    found.dead, found.dead_hidden = depth.all, depth.in_flight
    if depth.all:
        found.problems.append(f"{counted(depth.all, 'dead letter')}: fanout dead list {subscriber.task}")


def _mapping(subscriber: DeployedSubscriber, found: Health) -> None:
    mapping = subscriber.mapping()
    found.mapping = str(mapping.get("State", "unknown"))
    found.concurrency = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
    tags = subscriber.tags(mapping)
    found.pause = reason.pause_in(tags)
    running = found.mapping in ("Enabled", "Enabling", "Updating", "Creating")
    if found.pause and running:
        found.problems.append(
            f"drift: paused by {found.pause.by}, but its mapping is {found.mapping.lower()} (a deployment, or a hand):"
            f" fanout pause {subscriber.task}, or fanout resume {subscriber.task}"
        )
    elif found.pause:
        found.problems.append(
            f"paused: {found.pause.reason} ({found.pause.by}): fanout resume {subscriber.task} when it is over"
        )
    elif not running and (since := switch.circuit_in(tags)):
        found.mapping = "circuit open"
        told = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
        found.problems.append(
            f"its circuit breaker opened at {told}: what it depends on is down; it tries again by itself"
        )
    elif not running:
        found.problems.append(
            f"its mapping is {found.mapping.lower()}, and not by fanout pause: fanout resume {subscriber.task}"
        )


def _subscribed(subscriber: DeployedSubscriber, found: Health) -> None:
    found.mapping, problem = subscription_state(subscriber)
    if problem:
        found.problems.append(problem)


def _worker(subscriber: DeployedSubscriber, found: Health) -> None:
    found.mapping = "elsewhere"
    found.pause = reason.read(subscriber)
    if found.pause:
        found.problems.append(
            f"paused: {found.pause.reason} ({found.pause.by}): fanout resume {subscriber.task} when it is over"
        )
    if subscriber.service_arn:
        now = service.read(subscriber.aws, subscriber.service_arn)
        found.mapping = now.state
        if now.failure:
            found.problems.append(f"{now.failure}: fanout logs {subscriber.task}, and the events of its service in ECS")


def _log(subscriber: DeployedSubscriber, found: Health) -> None:
    if not subscriber.log_group:  # its team has it, and nothing is to be done about that here
        return
    since = datetime.now(UTC) - RECENT
    reading = logs.Reading(subscriber.aws, subscriber.log_group, logs.OUTCOMES, since, pages=_MOST_PAGES)
    for line in reading.outcomes():
        if line.is_success and not line.is_heartbeat:
            found.last_success = max(found.last_success or line.at, line.at)
        elif line.error_type and (found.last_error is None or line.at >= found.last_error.at):
            found.last_error = line
    if not reading.completeness:
        found.unseen += reading.completeness.unseen


def _start(subscriber: DeployedSubscriber, found: Health) -> None:
    """A function that cannot start leaves no outcome: only its start is in the log, or, on an embedded AWS, nothing."""
    if found.last_success or found.last_error or not (found.waiting or found.in_flight or found.delayed):
        return
    since = datetime.now(UTC) - RECENT
    failures, completeness = starts.start_failures(subscriber.aws, subscriber.log_group, since)
    found.unseen += completeness.unseen
    if failures:
        _, type_, text = failures[-1]
        found.problems.append(f"its function does not start: {type_}: {text}: fanout logs {subscriber.task}")
    elif found.in_flight and not subscriber.aws.is_aws:
        time.sleep(START_SECONDS)  # for one that starts at this moment
        if starts.has_attempts(subscriber.aws, subscriber.log_group, since) is False:
            found.problems.append(
                f"{counted(found.in_flight, 'event')} in flight, and its function was handed none: it does not start;"
                " the embedded AWS says why in .local/emulator.log"
            )


def _age(subscriber: DeployedSubscriber, found: Health) -> None:
    """SQS tells the age by a metric alone, a few minutes late:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    now = datetime.now(UTC)
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": subscriber.queue_name}],
    }
    query = {"Id": "age", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
    answer = subscriber.aws.cloudwatch.get_metric_data(
        StartTime=now - _METRIC_DELAY,
        EndTime=now,
        MetricDataQueries=[query],  # type: ignore[list-item]
        ScanBy="TimestampDescending",
    )
    values = answer["MetricDataResults"][0].get("Values", [])
    if values:
        found.oldest_seconds = int(values[0])


def _old(subscriber: DeployedSubscriber, found: Health) -> None:
    if found.oldest_seconds and found.oldest_seconds > OLD_SECONDS and (found.waiting or found.delayed):
        found.problems.append(f"its oldest message waits for {found.oldest_seconds} s: fanout tail {subscriber.task}")


_READS: dict[str, tuple[Read, ...]] = {
    FUNCTION: (_queue, _dead, _mapping, _log, _age),
    WORKER: (_queue, _dead, _worker, _log, _age),
    DIRECT: (_dead, _subscribed, _log),
    DELIVERY: (_dead, _subscribed),
}
"""None of them needs what another says."""
_THEN: dict[str, tuple[Read, ...]] = {FUNCTION: (_start, _old), WORKER: (_old,)}
"""What follows from all of it, and what only that gives cause to ask."""


def _subscriptions(stack: Stack, problems: list[str]) -> int | None:
    if not stack.topics:
        return None
    endpoints: list[str] = []
    for arn in stack.topics.values():
        try:
            pages = stack.aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
            endpoints += [each["Endpoint"].rsplit(":", 1)[-1] for page in pages for each in page["Subscriptions"]]
        except (ClientError, BotoCoreError) as error:
            problems.append(one_line(error))
            return None
    for each in stack.subscribers:
        if each.kind == DIRECT:
            continue  # its subscription is read by its ARN
        if each.queue_name not in endpoints and not _has_another_topic(each):
            problems.append(f"{each.task} is not subscribed to the topic: it gets no events; deploy the stack again")
    return len(endpoints)


def _has_another_topic(subscriber: DeployedSubscriber) -> bool:
    try:
        return bool(read_subscriptions(subscriber))
    except (ClientError, BotoCoreError):
        return False


def _alarms(stack: Stack, problems: list[str]) -> list[dict[str, Any]]:
    """Those of the stack that ring."""
    try:
        ringing = alarms.of_stack(stack, StateValue="ALARM")
        return [_told(each) for each in ringing if alarms.is_for_people(each)]
    except (ClientError, BotoCoreError) as error:
        problems.append(one_line(error))
        return []


def _told(alarm: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": alarm["AlarmName"],
        "says": alarm.get("AlarmDescription", ""),
        "since": alarm.get("StateUpdatedTimestamp"),
        "why": alarm.get("StateReason", ""),
    }
