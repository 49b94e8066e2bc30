"""Which events of a topic a subscriber gets: an attribute's values, or any filter of the CDK."""

from collections.abc import Collection, Mapping, Sequence
from math import prod

from aws_cdk import aws_sns as sns

from fanout.constructs.errors import expect
from fanout.constructs.kinds import check_kind
from fanout.constructs.settings import Settings
from fanout.names import HEARTBEAT_TYPE

Filter = Mapping[str, Sequence[str] | sns.SubscriptionFilter]
MOST, MOST_COMBINATIONS = 5, 150
"""Attributes of one filter policy, and the product of the numbers of their values:
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"""


def check_filter(owner: str, only: Filter, settings: Settings, *, alone: bool = False) -> None:
    """Raises ConfigurationError in one line that starts with `owner`. `alone`: it becomes `events_only`."""
    check_values(owner, only)
    attributes = {*only, *(["type"] if only and settings.heartbeat else [])}
    expect(
        owner, "only", len(attributes) <= MOST, len(attributes), "at most 5 attributes, `type` of heartbeats included"
    )
    count = prod(map(_count, only.values()))
    count *= 2 if alone and "type" not in only else 1  # the conditions that no heartbeat meets
    expect(owner, "only", count <= MOST_COMBINATIONS, count, "at most 150 combinations of values, types included")


def check_values(owner: str, only: Filter) -> None:
    """Raises ConfigurationError in one line that starts with `owner`."""
    check_kind(owner, "only", only, Mapping)
    for name, values in only.items():
        if not isinstance(values, sns.SubscriptionFilter):
            several = isinstance(values, Collection) and not isinstance(values, str) and values
            texts = several and all(isinstance(value, str) for value in values)
            expect(owner, f"only[{name!r}]", texts, values, "a list of texts, or an sns.SubscriptionFilter")


def filter_policy(
    only: Filter, settings: Settings, *, heartbeats: bool = True
) -> Mapping[str, sns.SubscriptionFilter] | None:
    """What the subscription lets through: what the task asked for, and heartbeats, which have no other attribute; or not
    those, where they would be all that comes.

    https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
    """
    if not heartbeats and settings.heartbeat:
        return events_only(only)
    if not only:
        return None
    filters = filters_of(only)
    if settings.heartbeat is None:
        return filters
    asked = {name: each.conditions for name, each in filters.items()}
    return {"$or": sns.SubscriptionFilter(conditions=[asked, {"type": [HEARTBEAT_TYPE]}])}


def events_only(only: Filter) -> Mapping[str, sns.SubscriptionFilter]:
    """What `only` says, without heartbeats and probes: for whom an event that is none would be noise."""
    no_heartbeat = sns.SubscriptionFilter(conditions=[{"anything-but": [HEARTBEAT_TYPE]}, {"exists": False}])
    return {"type": no_heartbeat, **filters_of(only)}


def _count(values: Sequence[str] | sns.SubscriptionFilter) -> int:
    return len((values.conditions or []) if isinstance(values, sns.SubscriptionFilter) else values)


def filters_of(only: Filter) -> dict[str, sns.SubscriptionFilter]:
    return {name: _filter(values) for name, values in only.items()}


def _filter(values: Sequence[str] | sns.SubscriptionFilter) -> sns.SubscriptionFilter:
    if isinstance(values, sns.SubscriptionFilter):
        return values
    return sns.SubscriptionFilter.string_filter(allowlist=list(values))
