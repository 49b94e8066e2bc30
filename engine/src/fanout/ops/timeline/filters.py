"""Whether a subscriber without a trace of an event was to get it: by its filters, and by what others know of the event."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws import logs
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, Subscription, read_subscriptions
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.timeline.state import FILTERED_OUT, NOT_FOUND, OTHER_TOPIC, EventState

Found = Sequence[tuple[DeployedSubscriber, EventState]]
_AROUND = timedelta(minutes=2)


def judge_unseen(found: Found) -> list[EventState]:
    """Says of each subscriber without a trace whether its filter kept the event back, or its topic is another one.

    What is known of the event comes from the others: from a dead letter all of it, from a log line its ids.
    """
    if all(state.state != NOT_FOUND for _, state in found):
        return [state for _, state in found]
    read = in_lanes(_subscriptions, [subscriber for subscriber, _ in found])
    subscriptions = [some for some, _ in read]
    event = _known_event(found, filtered=any(each.policy for some in subscriptions for each in some))
    seen = {
        each.topic_arn
        for (_, state), some in zip(found, subscriptions, strict=True)
        if state.attempts or state.message or state.record
        for each in some
    }
    return [
        _judge(replace(state, completeness=state.completeness + filter_), some, event, seen)
        if state.state == NOT_FOUND
        else state
        for (_, state), (some, filter_) in zip(found, read, strict=True)
    ]


def _judge(state: EventState, subscriptions: Sequence[Subscription], event: KnownEvent, seen: set[str]) -> EventState:
    """`seen`: the topics of those that saw the event; empty when nobody did."""
    possible = [each for each in subscriptions if not seen or each.topic_arn in seen]
    if subscriptions and not possible:
        return replace(state, state=OTHER_TOPIC)
    if possible and all(each.lets_through(event) is False for each in possible):
        keys = sorted({key for each in possible for key in each.refusing_keys(event)})
        return replace(state, state=FILTERED_OUT, keys=tuple(keys))
    unjudged = {key for each in possible if each.lets_through(event) is None for key in each.keys}
    return replace(state, keys=tuple(sorted(unjudged)))


def _known_event(found: Found, *, filtered: bool) -> KnownEvent:
    for _, state in found:
        if state.message:
            return KnownEvent.from_message(state.message)
    for _, state in found:
        for line in state.attempts:
            if any(value for _, value in line.ids.named):
                return KnownEvent.from_line(line)
    return _from_a_line_of_the_log(found) if filtered else KnownEvent({}, partial=True)


def _from_a_line_of_the_log(found: Found) -> KnownEvent:
    """A record has no group: the outcome that was written with it has. One question, about one message at one time."""
    for subscriber, state in found:
        record = state.record
        if record is None or record.message_id is None or record.at is None:
            continue
        try:
            since, until = record.at - _AROUND, record.at + _AROUND
            lines, _ = logs.about(subscriber.aws, subscriber.log_group, record.message_id, since, until)
        except (ClientError, BotoCoreError):
            continue
        told = [each for each in lines if any(value for _, value in each.ids.named)]
        if told:
            return KnownEvent.from_line(told[-1])
    return KnownEvent({}, partial=True)


def _subscriptions(subscriber: DeployedSubscriber) -> tuple[list[Subscription], Completeness]:
    """None where SNS may not be asked, as for a topic of another account: then nothing is concluded from them, and that is said."""
    try:
        return read_subscriptions(subscriber), COMPLETE
    except (ClientError, BotoCoreError) as error:
        return [], Completeness((f"its filter: {one_line(error)}",))
