"""Changes of queues, subscriptions, mappings and alarms that an update in place makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fanout.checks.rules.limits import QUEUE_DEFAULT
from fanout.checks.rules.queues import DEFAULT_RETENTION, DEFAULT_VISIBILITY
from fanout.diff.change import Change, change, name_of
from fanout.diff.filters import filter_changes
from fanout.diff.resources import is_kept
from fanout.template.alarms import alarmed
from fanout.template.dead_letters import attempts_of, dead_letter_queue_of
from fanout.template.messaging import Subscription, subscriptions
from fanout.template.template import Resource, Template
from fanout.template.types import ALARM, MAPPING, QUEUE, SUBSCRIPTION, TOPIC
from fanout.template.values import UNKNOWN, Value, as_list, shown

_ENCRYPTION = {
    QUEUE: "KmsMasterKeyId",
    TOPIC: "KmsMasterKeyId",
    "AWS::S3::Bucket": "BucketEncryption",
    "AWS::DynamoDB::Table": "SSESpecification",
}


def messaging_changes(before: Resource, after: Resource) -> Iterator[Change]:
    """What differs between two versions of a resource, in words."""
    if before.type == after.type:
        for compared in _COMPARED.get(before.type, ()):
            yield from compared(before, after)
        if before.type in _ENCRYPTION:
            yield from _encryption(before, after)


def changed_subscribers(old: Template, new: Template) -> tuple[list[Change], set[str]]:
    """Subscribers that come and go, and the logical ids of what belongs to those that go."""
    before = {each.queue.id: each for each in subscriptions(old) if each.queue is not None}
    after = {each.queue.id: each for each in subscriptions(new) if each.queue is not None}
    found, theirs = [], set[str]()
    for logical_id, subscription in before.items():
        if logical_id not in new.resources and subscription.queue is not None:
            found.append(change("subscriber-removed", subscription.queue, _removed(subscription)))
            theirs |= _parts(subscription)
    for logical_id, subscription in after.items():
        if logical_id not in old.resources and subscription.queue is not None:
            found.append(change("subscriber-added", subscription.queue, _added(subscription)))
            theirs |= _parts(subscription)
    return found, theirs


def _added(subscription: Subscription) -> str:
    """What an earlier one of this name left behind is no part of it."""
    assert subscription.queue is not None
    before = ""
    if is_kept(subscription.queue, "DeletionPolicy"):
        before = "; what waits in queues that an earlier one of this name left is stranded there"
    return f"the task {_task(subscription)} gets events from now on{before}"


def _removed(subscription: Subscription) -> str:
    """What becomes of the messages that wait."""
    assert subscription.queue is not None
    waiting = "are deleted with what waits in them"
    if is_kept(subscription.queue, "DeletionPolicy"):
        waiting = "stay, and nobody reads what waits in them; added again, the task gets new ones"
    return f"the task {_task(subscription)} gets no more events; its queues {waiting}"


def _task(subscription: Subscription) -> str:
    """`SendConfirmation` for its queue `SendConfirmation/Queue`."""
    name = name_of(subscription.queue) if subscription.queue else subscription.resource.id
    return name.rpartition("/")[0] or name


def _parts(subscription: Subscription) -> set[str]:
    """What belongs to one subscriber alone: its queues, and what hangs on them, or is inside the same construct."""
    template = subscription.resource.template
    queue = subscription.queue
    dead = [subscription.dead_letter_queue, dead_letter_queue_of(queue) if queue else None]
    heart = {
        each.id for each in (queue, subscription.resource, *dead) if isinstance(each, Resource) and each.type != TOPIC
    }
    hanging = {
        each.id
        for each in template.resources.values()
        if each.type in (ALARM, MAPPING, "AWS::SQS::QueuePolicy") and template.dependencies[each.id] & heart
    }
    scope = _task(subscription) + "/"
    inside = {each.id for each in template.resources.values() if "/" in each.path and name_of(each).startswith(scope)}
    return heart | hanging | inside


def _retention(before: Resource, after: Resource) -> Iterator[Change]:
    yield from _number(
        "MessageRetentionPeriod", DEFAULT_RETENTION, "retention-shortened", "retention-lengthened", before, after
    )


def _visibility(before: Resource, after: Resource) -> Iterator[Change]:
    yield from _number(
        "VisibilityTimeout", DEFAULT_VISIBILITY, "visibility-lowered", "visibility-raised", before, after
    )


def _size(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = (each.number("MaximumMessageSize", default=QUEUE_DEFAULT) for each in (before, after))
    if was is not None and is_now is not None and is_now < was:
        yield change("size-lowered", after, f"MaximumMessageSize from {was:.0f} to {is_now:.0f} bytes")


def _number(key: str, default: float, lower: str, higher: str, before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = (each.number(key, default=default) for each in (before, after))
    if was is not None and is_now is not None and was != is_now:
        yield change(lower if is_now < was else higher, after, f"{key} from {was:.0f} to {is_now:.0f} s")


def _attempts(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = attempts_of(before), attempts_of(after)
    if was is not None and is_now is not None and was != is_now:
        kind = "attempts-lowered" if is_now < was else "attempts-raised"
        yield change(kind, after, f"maxReceiveCount from {was:.0f} to {is_now:.0f}")


def _dead_letters(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = (_redrive_target(each) for each in (before, after))
    if was is not None and is_now is None:
        yield change("dead-letter-queue-lost", after, f"the RedrivePolicy to {was} is removed")
    elif was is not None and is_now is not None and was != is_now:
        yield change("dead-letter-queue-changed", after, f"RedrivePolicy from {was} to {is_now}")


def _redrive_target(resource: Resource) -> str | None:
    """By logical id, so that two templates can be compared."""
    policy = resource.document("RedrivePolicy")
    if policy is None:
        return None
    return shown(policy.get("deadLetterTargetArn")) if isinstance(policy, dict) else str(policy)


def _enabled(before: Resource, after: Resource) -> Iterator[Change]:
    if before.flag("Enabled", default=True) and after.flag("Enabled", default=True) is False:
        yield change("mapping-disabled", after, "Enabled is false from now on")


def _partial_batches(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = ("ReportBatchItemFailures" in as_list(each.get("FunctionResponseTypes")) for each in (before, after))
    if was and not is_now and after.get("FunctionResponseTypes") is not UNKNOWN:
        yield change("partial-batch-lost", after, "ReportBatchItemFailures is removed")


def _alarm(before: Resource, after: Resource) -> Iterator[Change]:
    told, tells = (bool(as_list(each.get("AlarmActions"))) and _acts(each) for each in (before, after))
    if told and not tells:
        yield change("alarm-lost", after, "the alarm tells nobody any more")
    for key in ("MetricName", "Dimensions"):
        was, is_now = (_plain(each.get(key)) for each in (before, after))
        if was != is_now:
            yield change("alarm-lost", after, f"the alarm watches something else: {key} from {was} to {is_now}")


def _acts(alarm: Resource) -> bool:
    return alarm.flag("ActionsEnabled", default=True) is not False


def _encryption(before: Resource, after: Resource) -> Iterator[Change]:
    key = _ENCRYPTION[before.type]
    was, is_now = before.get(key), after.get(key)
    if was is not None and is_now is None:
        yield change("encryption-lost", after, f"{key} is removed (it was {_plain(was)})")
    elif _is_published_to(after) and is_now is not None and _plain(was) != _plain(is_now):
        told = "whoever may not use it cannot publish: give publishers of other accounts the rights first"
        yield change("encryption-begins", after, f"{key} is {_plain(is_now)} from now on; {told}")
    elif before.type == QUEUE and after.flag("SqsManagedSseEnabled", default=True) is False and is_now is None:
        if before.flag("SqsManagedSseEnabled", default=True):
            yield change("encryption-lost", after, "SqsManagedSseEnabled is false from now on")


def _is_published_to(resource: Resource) -> bool:
    """By services of somebody's own: to a topic of alarms CloudWatch publishes, of which a rule speaks."""
    return resource.type == TOPIC and resource not in alarmed(resource.template)


def _plain(value: Value) -> str:
    """Text that is the same in two templates."""
    if isinstance(value, list):
        return "[" + ", ".join(_plain(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(each)}" for key, each in value.items()) + "}"
    return shown(value)


Compared = Callable[[Resource, Resource], Iterator[Change]]
_COMPARED: dict[str, tuple[Compared, ...]] = {
    QUEUE: (_retention, _visibility, _size, _attempts, _dead_letters),
    SUBSCRIPTION: (_dead_letters, filter_changes),
    MAPPING: (_enabled, _partial_batches, filter_changes),
    ALARM: (_alarm,),
}
