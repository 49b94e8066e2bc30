"""Changes of queues, subscriptions, mappings, alarms and what keeps data that an update in place makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fanout import names
from fanout.checks.rules.limits import QUEUE_DEFAULT, TOPIC_DEFAULT
from fanout.checks.rules.queues import DEFAULT_RETENTION, DEFAULT_VISIBILITY
from fanout.diff.change import Change, change, name_of
from fanout.diff.demands import deduplication, raw_delivery
from fanout.diff.filters import filter_changes, is_seen, pattern_changes
from fanout.diff.keeping import archive_retention, expirations, log_retention, topic_archive
from fanout.diff.readers import no_more
from fanout.template.alarms import alarmed
from fanout.template.dead_letters import attempts_of
from fanout.template.links import RULE
from fanout.template.template import Resource
from fanout.template.types import ALARM, FUNCTION, KEY, MAPPING, QUEUE, SUBSCRIPTION, TOPIC
from fanout.template.values import UNKNOWN, Value, as_list, ends_with, shown

_BUCKET = "AWS::S3::Bucket"
_ENCRYPTION = {
    QUEUE: "KmsMasterKeyId",
    TOPIC: "KmsMasterKeyId",
    _BUCKET: "BucketEncryption",
    "AWS::DynamoDB::Table": "SSESpecification",
}


def messaging_changes(before: Resource, after: Resource) -> tuple[list[Change], set[str]]:
    """What differs between two versions of a resource, in words, and the properties of which that says all."""
    changes, told = [], set[str]()
    if before.type == after.type:
        for compared, names in _COMPARED.get(before.type, {}).items():
            found = list(compared(before, after))
            changes += found
            if found or (compared is filter_changes and is_seen(before) and is_seen(after)):
                told.update(names)
    return changes, told


def _retention(before: Resource, after: Resource) -> Iterator[Change]:
    yield from _number(
        "MessageRetentionPeriod", DEFAULT_RETENTION, "retention-shortened", "retention-lengthened", before, after
    )


def _visibility(before: Resource, after: Resource) -> Iterator[Change]:
    yield from _number(
        "VisibilityTimeout", DEFAULT_VISIBILITY, "visibility-lowered", "visibility-raised", before, after
    )


def _size(before: Resource, after: Resource) -> Iterator[Change]:
    """CloudFormation sets a queue from which it is removed to what a topic takes that never said it: ADR 0004."""
    never = TOPIC_DEFAULT if before.type == TOPIC else QUEUE_DEFAULT
    left = never if before.get("MaximumMessageSize") is None else TOPIC_DEFAULT
    was, is_now = (each.number("MaximumMessageSize", default=said) for each, said in ((before, never), (after, left)))
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
        queue = after.template.target(after.get("EventSourceArn"))
        yield no_more(after, queue, "mapping-disabled", "Enabled is false from now on")


def _partial_batches(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = ("ReportBatchItemFailures" in as_list(each.get("FunctionResponseTypes")) for each in (before, after))
    if was and not is_now and after.get("FunctionResponseTypes") is not UNKNOWN:
        yield change("partial-batch-lost", after, "ReportBatchItemFailures is removed")


def _alarm_actions(before: Resource, after: Resource) -> Iterator[Change]:
    told, tells = (bool(as_list(each.get("AlarmActions"))) and _acts(each) for each in (before, after))
    if told and not tells:
        yield change("alarm-lost", after, "the alarm tells nobody any more")


def _alarm_metric(before: Resource, after: Resource) -> Iterator[Change]:
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
    elif before.type == QUEUE and _is_another_key(before, after):
        told = "a sender that may not use it is refused; nobody can let a service use alias/aws/sqs"
        yield change("encryption-begins", after, f"{key} is {_plain(is_now)} from now on: {told}")
    elif before.type == QUEUE and after.flag("SqsManagedSseEnabled", default=True) is False and is_now is None:
        if before.flag("SqsManagedSseEnabled", default=True):
            yield change("encryption-lost", after, "SqsManagedSseEnabled is false from now on")


def _is_another_key(before: Resource, after: Resource) -> bool:
    """Of a queue: in the place of a key, or AWS's own, which no service may use. The first key of its own is no danger."""
    was, is_now = (each.get("KmsMasterKeyId") for each in (before, after))
    if is_now is None or UNKNOWN in (was, is_now) or (was is None and not ends_with(is_now, "alias/aws/sqs")):
        return False
    keys = (each.template.target(value) for each, value in ((before, was), (after, is_now)))
    old, new = (each.id if isinstance(each, Resource) else _plain(each) for each in keys)
    return old != new


def _key_enabled(before: Resource, after: Resource) -> Iterator[Change]:
    if before.flag("Enabled", default=True) is not False and after.flag("Enabled", default=True) is False:
        said = "Enabled is false from now on: what is encrypted with it can be neither sent nor read"
        yield change("delivery-refused", after, said)


def _circuit(before: Resource, after: Resource) -> Iterator[Change]:
    was, is_now = (each.get("Environment", "Variables", names.CIRCUIT_FAILURES) for each in (before, after))
    if was not in (None, UNKNOWN) and is_now is None:
        for each in after.template.of(MAPPING):
            if after.template.target(each.get("FunctionName")) is after:
                yield change("circuit-removed", each, f"{name_of(after)} has no circuit breaker any more")


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
_COMPARED: dict[str, dict[Compared, tuple[str, ...]]] = {
    QUEUE: {
        _retention: ("MessageRetentionPeriod",),
        _visibility: ("VisibilityTimeout",),
        _size: ("MaximumMessageSize",),
        _attempts: ("RedrivePolicy",),
        _dead_letters: ("RedrivePolicy",),
        _encryption: ("KmsMasterKeyId", "SqsManagedSseEnabled"),
        deduplication: ("ContentBasedDeduplication",),
    },
    SUBSCRIPTION: {
        _dead_letters: ("RedrivePolicy",),
        filter_changes: ("FilterPolicy", "FilterPolicyScope"),
        raw_delivery: ("RawMessageDelivery",),
    },
    RULE: {pattern_changes: ("EventPattern",)},
    MAPPING: {
        _enabled: ("Enabled",),
        _partial_batches: ("FunctionResponseTypes",),
        filter_changes: ("FilterCriteria",),
    },
    ALARM: {_alarm_actions: ("AlarmActions", "ActionsEnabled"), _alarm_metric: ()},
    KEY: {_key_enabled: ("Enabled",)},
    FUNCTION: {_circuit: ()},
    "AWS::Logs::LogGroup": {log_retention: ("RetentionInDays",)},
    "AWS::Events::Archive": {archive_retention: ("RetentionDays",)},
    **{each: {_encryption: (key,)} for each, key in _ENCRYPTION.items() if each not in (QUEUE, TOPIC, _BUCKET)},
    TOPIC: {
        _size: ("MaximumMessageSize",),
        topic_archive: ("ArchivePolicy",),
        _encryption: (_ENCRYPTION[TOPIC],),
        deduplication: ("ContentBasedDeduplication",),
    },
    _BUCKET: {_encryption: (_ENCRYPTION[_BUCKET],), expirations: ()},
}
"""By type: what compares two versions, and the properties of which it speaks."""
