"""Refuses a Subscriber that AWS would refuse, or that would lose messages, in the words of whoever wrote the call."""

import re
from collections.abc import Mapping

from aws_cdk import Stack, Token
from aws_cdk import aws_sns as sns

from fanout import names
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.retry import RetryPolicy
from fanout.constructs.settings import Settings
from fanout.costs.favour import FAVOURS, Gathering, favouring
from fanout.names import HEARTBEAT_TYPE

RESERVED = ("AWS_", names.VARIABLES, "LAMBDA_")


def check(
    owner: str,
    *,
    settings: Settings,
    retry: RetryPolicy,
    timeout: int,
    visibility: int,
    memory_mib: int,
    batch_size: int,
    window: int,
    max_concurrency: int,
    concurrency: int,
    attribute_filter: Mapping[str, sns.SubscriptionFilter],
    variables: Mapping[str, str],
    ordered: bool,
) -> None:
    """Raises ConfigurationError in one line that starts with `owner`. Durations in seconds."""
    settings.validate()
    retry.validate(owner)
    _expect(owner, "timeout", 3 <= timeout <= 900, timeout, "3 to 900 seconds")
    _expect(owner, "memory_mib", 128 <= memory_mib <= 10_240, memory_mib, "128 to 10240")
    _expect(owner, "batching_window", window <= 300, window, "at most 300 seconds")
    _expect(owner, "batch_size", 1 <= batch_size <= 10_000, batch_size, "1 to 10000")
    _expect(
        owner,
        "batch_size",
        batch_size <= 10 or window >= 1,
        batch_size,
        "at most 10, or a batching_window of at least 1 second",
    )
    if ordered:
        _expect(owner, "batch_size", batch_size <= 10, batch_size, "at most 10 behind a FIFO topic")
        _expect(owner, "batching_window", not window, window, "none behind a FIFO topic")
    _expect(owner, "max_concurrency", 2 <= max_concurrency <= 1_000, max_concurrency, "2 to 1000 (AWS refuses 1)")
    _expect(owner, "concurrency", 1 <= concurrency <= 100, concurrency, "1 to 100 messages of a batch at a time")
    attributes = {*attribute_filter, *(["type"] if attribute_filter and settings.heartbeat else [])}
    _expect(
        owner,
        "attribute_filter",
        len(attributes) <= 5,
        len(attributes),
        "at most 5 attributes, `type` of heartbeats included",
    )
    for name in variables:
        _expect(
            owner,
            "variables",
            re.fullmatch(r"[A-Za-z]\w+", name) and not name.startswith(RESERVED),
            name,
            f"letters, digits and _ that do not start with {', '.join(RESERVED)}",
        )
    _check_order_in_time(owner, settings, retry, timeout, visibility)


def gathering(owner: str, favour: str, *, ordered: bool) -> Gathering:
    """What the word `favour` asks of the mapping."""
    _expect(owner, "favour", favour in FAVOURS, favour, " or ".join(map(repr, FAVOURS)))
    return favouring(favour, ordered=ordered)


def filter_policy(
    attribute_filter: Mapping[str, sns.SubscriptionFilter] | None, settings: Settings
) -> Mapping[str, sns.SubscriptionFilter] | None:
    """What the subscription lets through: what the task asked for, and heartbeats, which have no other attribute.

    https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
    """
    if not attribute_filter or settings.heartbeat is None:
        return attribute_filter
    asked = {name: each.conditions for name, each in attribute_filter.items()}
    return {"$or": sns.SubscriptionFilter(conditions=[asked, {"type": [HEARTBEAT_TYPE]}])}


def check_topic(owner: str, topic: sns.ITopic, stack: Stack) -> None:
    """SNS wants the subscription's dead-letter queue in the topic's region.

    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    if isinstance(topic, sns.Topic) and topic.stack is stack:
        return
    ours, theirs = stack.region, topic.env.region
    if not Token.is_unresolved(ours) and not Token.is_unresolved(theirs) and ours != theirs:
        raise ConfigurationError(
            f"{owner}: the topic is in {theirs} and this stack in {ours}: deploy the subscriber to {theirs}"
        )


def _check_order_in_time(owner: str, settings: Settings, retry: RetryPolicy, timeout: int, visibility: int) -> None:
    """The last attempt must come before the queue forgets the message: SQS deletes what expires, dead letters or not."""
    if visibility > 43_200:
        raise ConfigurationError(
            f"{owner}: 6 x timeout + window is {visibility} seconds: SQS hides a message for 43200 at most"
        )
    failing = retry.longest_schedule() + retry.attempts * timeout
    crashing = retry.attempts * visibility
    retention = settings.queue_retention_days * 86_400
    if max(failing, crashing) >= retention:
        raise ConfigurationError(
            f"{owner}: {retry.attempts} attempts take up to {max(failing, crashing)} seconds, but the queue keeps a"
            f" message for {retention}: raise queue_retention_days, or lower attempts, delays or timeout"
        )


def _expect(owner: str, argument: str, holds: object, value: object, expected: str) -> None:
    if not holds:
        raise ConfigurationError(f"{owner}: {argument} is {value!r}: expected {expected}")
