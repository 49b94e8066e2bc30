"""What an operator must know first: per subscriber, the topic, and what rings. Reads only."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import UserError
from fanout.ops.aws import alarms
from fanout.ops.aws.discovery import find
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.metrics import KeptMetrics
from fanout.ops.aws.session import ONE_ROUND, Aws
from fanout.ops.aws.stack import Stack, went_well
from fanout.ops.aws.subscriber import DIRECT, FUNCTION, DeployedSubscriber
from fanout.ops.aws.subscription import read_subscriptions
from fanout.ops.recipients import unheard
from fanout.ops.status.health import Health
from fanout.ops.status.reads import CONCLUSIONS, READS, Seen
from fanout.ops.status.told import Asked, ask, ask_for_all, ask_for_one

Ringing = tuple[list[dict[str, Any]], list[str]]


@dataclass
class Report:
    """The stack now."""

    stack: Stack
    at: datetime
    subscribers: list[Health]
    subscriptions: int | None
    alarms: list[dict[str, Any]]
    problems: list[str]
    unread: list[str] = field(default_factory=list)
    """Those of `problems` that say what could not be asked."""

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


def first_look(aws: Aws, name: str, kept: KeptMetrics | None = None) -> tuple[Stack, Report]:
    """The stack, and its report, of which what its name is enough for is asked while the stack is looked for. `kept` is for later
    looks. Of an ARN only the stack tells the name."""
    if name.startswith("arn:"):
        found = find(aws, name)
        return found, report(found, kept)
    with ThreadPoolExecutor(ONE_ROUND) as pool:
        ringing, asked = pool.submit(_alarms, aws, name), ask_for_all(aws, pool)
        stack = find(aws, name)
        return stack, _report(stack, ringing, asked, pool, kept or KeptMetrics())


def report(stack: Stack, kept: KeptMetrics | None = None) -> Report:
    """Two calls for each subscriber and five for all, under way at a time whoever's they are; then for each subscriber what
    these give cause to ask: why its mapping is off, and its log where something waits or failed.

    What cannot be read is a problem of that subscriber only; what is asked for all, of the stack.
    """
    with ThreadPoolExecutor(ONE_ROUND) as pool:
        ringing = pool.submit(_alarms, stack.aws, stack.name if stack.is_deployed else stack)
        fed = any(each.kind == FUNCTION for each in stack.subscribers)
        asked = ask_for_all(stack.aws, pool) if fed else Asked()
        return _report(stack, ringing, asked, pool, kept or KeptMetrics())


def _report(
    stack: Stack, ringing: "Future[Ringing]", asked: Asked, pool: ThreadPoolExecutor, kept: KeptMetrics
) -> Report:
    is_well = not stack.is_deployed or went_well(stack.status)
    problems = [] if is_well else [f"it is {stack.status}"]
    unsubscribed, unasked = list[str](), list[str]()
    deaf = pool.submit(unheard, stack)
    subscriptions = pool.submit(_subscriptions, stack, unsubscribed, unasked)
    healths, of_all = _healths((*stack.subscribers, *stack.deliveries), asked, stack.name, pool, kept)
    alarms_now, of_alarms = ringing.result()
    count = subscriptions.result()
    if count == 0:
        problems.append("its topic has no subscription: nobody gets its events")
    unread = [*(each.line for each in deaf.result() if each.unread), *unasked, *of_alarms, *of_all, *stack.unseen]
    problems += [*(each.line for each in deaf.result() if not each.unread), *unsubscribed, *unread]
    return Report(stack, datetime.now(UTC), healths, count, alarms_now, problems, unread)


def health(subscriber: DeployedSubscriber) -> Health:
    """Of one alone, by its log in any case."""
    with ThreadPoolExecutor(ONE_ROUND) as pool:
        (found,), problems = _healths([subscriber], ask_for_one(subscriber, pool), "", pool, KeptMetrics())
    found.problems += problems
    found.unread += problems
    return found


def _healths(
    subscribers: Sequence[DeployedSubscriber], asked: Asked, stack: str, pool: ThreadPoolExecutor, kept: KeptMetrics
) -> tuple[list[Health], Sequence[str]]:
    """And what could not be asked of all."""
    told_later = ask(asked, subscribers, stack, pool, kept)
    begun = [[pool.submit(_asked, Health(each.task), read, each) for read in READS[each.kind]] for each in subscribers]
    told = told_later()
    found = [_joined(each, [part.result() for part in parts]) for each, parts in zip(subscribers, begun, strict=True)]
    seen = [(each, Seen(told, health)) for each, health in zip(subscribers, found, strict=True)]
    follow = [
        [pool.submit(_asked, Health(each.task), conclude, each, so_far) for conclude in CONCLUSIONS.get(each.kind, ())]
        for each, so_far in seen
    ]
    healths = [
        _joined(each, [so_far.health, *(part.result() for part in parts)])
        for (each, so_far), parts in zip(seen, follow, strict=True)
    ]
    return healths, told.problems


def _asked(found: Health, read: Callable[..., None], *of: Any) -> Health:
    try:
        read(*of, found)
    except (UserError, ClientError, BotoCoreError) as error:
        found.unread.append(one_line(error))
    except Exception as error:  # whatever is in a queue, a log or an answer: it is this subscriber's
        found.unread.append(f"not all of it can be read: {type(error).__name__} in {read.__name__.strip('_')}")
    found.problems += found.unread
    return found


def _joined(subscriber: DeployedSubscriber, parts: Sequence[Health]) -> Health:
    """No two parts say the same but sentences, which follow each other in the order of the questions."""
    nothing = Health(subscriber.task)
    found = Health(subscriber.task, kind=subscriber.kind, has_runtime=subscriber.has_runtime, buries=subscriber.buries)
    for part in parts:
        for each in fields(Health):
            value = getattr(part, each.name)
            if isinstance(value, list):
                getattr(found, each.name).extend(value)
            elif value != getattr(nothing, each.name):
                setattr(found, each.name, value)
    return found


def _subscriptions(stack: Stack, unsubscribed: list[str], unasked: list[str]) -> int | None:
    if not stack.topics:
        return None

    def endpoints(arn: str) -> list[str]:
        pages = stack.aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        return [each["Endpoint"].rsplit(":", 1)[-1] for page in pages for each in page["Subscriptions"]]

    try:
        found = [each for those in in_lanes(endpoints, stack.topics.values()) for each in those]
    except (ClientError, BotoCoreError) as error:
        unasked.append(one_line(error))
        return None
    # of one that its topic calls, the subscription is read by its ARN
    missing = [each for each in stack.subscribers if each.kind != DIRECT and each.queue_name not in found]
    for each, elsewhere in zip(missing, in_lanes(_has_another_topic, missing), strict=True):
        if elsewhere is False:
            unsubscribed.append(
                f"{each.task} is not subscribed to the topic: it gets no events; deploy the stack again"
            )
        elif elsewhere is not True:
            unasked.append(f"whether {each.task} is subscribed could not be asked: {elsewhere}")
    return len(found)


def _has_another_topic(subscriber: DeployedSubscriber) -> bool | str:
    """Why not, where it could not be asked, as of a topic of another account: then nothing is concluded."""
    try:
        return bool(read_subscriptions(subscriber))
    except (ClientError, BotoCoreError) as error:
        return one_line(error)


def _alarms(aws: Aws, of: str | Stack) -> "Ringing":
    """Those of the stack of that name that ring, or that look at what is in `of`; and what could not be asked."""
    try:
        if isinstance(of, Stack):
            ringing = alarms.of_resources(aws, _resources(of), StateValue="ALARM")
        else:
            ringing = alarms.of_stack(aws, of, StateValue="ALARM")
        return [_told(each) for each in ringing if alarms.is_for_people(each)], []
    except (ClientError, BotoCoreError) as error:
        return [], [one_line(error)]


def _resources(stack: Stack) -> set[tuple[str, str]]:
    found = {("TopicName", stack.name)}
    for each in (*stack.subscribers, *stack.deliveries):
        queues = (each.queue_name, each.dead_letter_queue_name)
        found |= {*(("QueueName", name) for name in queues), ("FunctionName", each.function_name.partition(":")[0])}
    return found


def _told(alarm: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": alarm["AlarmName"],
        "says": alarm.get("AlarmDescription", ""),
        "since": alarm.get("StateUpdatedTimestamp"),
        "why": alarm.get("StateReason", ""),
    }
