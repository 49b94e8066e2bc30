"""Filter policies: what does not match is not delivered, not counted as failed, and not in a dead-letter queue."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.contracts.contract import Contract
from fanout.template.filter_policy import (
    MOST_COMBINATIONS,
    MOST_KEYS,
    can_match,
    combinations,
    is_nested,
    keys,
    matches,
)
from fanout.template.policies import any_of
from fanout.template.template import Resource, Template
from fanout.template.types import SUBSCRIPTION
from fanout.template.values import UNKNOWN, Value

_SCOPE = "https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html"
_LIMITS = "https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html"
_FILTERING = "https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html"


@rule(
    "filter-scope-mismatch",
    consequence=Consequence.LOST,
    what="A filter looks where its fields are: in the message attributes, or in the body.",
    why="A filter without FilterPolicyScope looks at attributes only. One that names fields of the body matches nothing:"
    " the queue gets no message, and nothing counts as failed.",
    fix="Set FilterPolicyScope to MessageBody for fields of the body, to MessageAttributes for attributes.",
    link=_SCOPE,
)
def filter_scope_mismatch(template: Template) -> Iterator[Problem]:
    for subscription, policy, in_attributes in _filters(template):
        if in_attributes and is_nested(policy):
            yield Problem(subscription, "a nested filter needs FilterPolicyScope MessageBody: attributes are flat")
        else:
            for key in sorted(_misplaced(policy, template.contracts, in_attributes)):
                here, there = ("attributes", "body") if in_attributes else ("body", "attributes")
                yield Problem(subscription, f"the filter looks for {key!r} in the {here}, but it is in the {there}")


@rule(
    "filter-never-matches",
    consequence=Consequence.LOST,
    what="A filter lets something through: an example of the contract, or at least a value that its schema allows.",
    why="The subscriber gets no message at all. SNS does not call that a failure: no metric of failed deliveries, no dead"
    " letter, no alarm.",
    fix="Correct the filter's value, or the contract.",
    link=_FILTERING,
)
def filter_never_matches(template: Template) -> Iterator[Problem]:
    contracts = template.contracts
    if not contracts:
        return
    for subscription, policy, in_attributes in _filters(template):
        matched = any_of(_matches(policy, each, in_attributes) for each in contracts)
        misplaced = _misplaced(policy, contracts, in_attributes) or (in_attributes and is_nested(policy))
        if not misplaced and matched is False:
            yield Problem(subscription, "no example of the contract and no value of its schema can match the filter")


@rule(
    "filter-too-large",
    consequence=Consequence.REFUSED,
    what=f"A filter has at most {MOST_KEYS} keys and {MOST_COMBINATIONS} combinations of values.",
    why="SNS refuses it: the deployment fails, and the subscription does not exist.",
    fix="Filter on fewer keys, or with prefix and anything-but in the place of lists of values.",
    link=_LIMITS,
)
def filter_too_large(template: Template) -> Iterator[Problem]:
    for subscription, policy, _ in _filters(template):
        if len(keys(policy)) > MOST_KEYS:
            yield Problem(subscription, f"the filter has {len(keys(policy))} keys: at most {MOST_KEYS}")
        elif combinations(policy) > MOST_COMBINATIONS:
            yield Problem(
                subscription,
                f"the filter has {combinations(policy)} combinations of values: at most {MOST_COMBINATIONS}",
            )


def _filters(template: Template) -> Iterator[tuple[Resource, dict[str, Value], bool]]:
    """(subscription, filter policy, whether it looks at attributes) where both can be seen."""
    for subscription in template.of(SUBSCRIPTION):
        policy = subscription.document("FilterPolicy")
        scope = subscription.get("FilterPolicyScope")
        if isinstance(policy, dict) and policy and scope is not UNKNOWN:
            yield subscription, policy, scope in (None, "MessageAttributes")


def _matches(policy: dict[str, Value], contract: Contract, in_attributes: bool) -> bool | None:
    """Whether an event of the contract can match: one of its examples, or one that its schema allows."""
    bodies = [contract.attribute_values(each) if in_attributes else each for each in contract.examples]
    matched = any_of(matches(policy, each) for each in bodies)
    return matched if matched is not False else can_match(policy, contract, attributes=in_attributes)


def _misplaced(policy: dict[str, Value], contracts: tuple[Contract, ...], in_attributes: bool) -> set[str]:
    """Keys that no contract has where the filter looks, and one has in the other place."""
    here = {key for key in keys(policy) if any(_has(each, key, in_attributes) for each in contracts)}
    return {key for key in keys(policy) - here if any(_has(each, key, not in_attributes) for each in contracts)}


def _has(contract: Contract, key: str, in_attributes: bool) -> bool:
    return key in contract.attributes if in_attributes else contract.body_schema(key) is not None
