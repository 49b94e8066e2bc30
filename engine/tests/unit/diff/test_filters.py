"""Whether a rule of EventBridge, or a filter with alternatives, lets less through than before."""

import copy
import json
from typing import Any

import pytest

from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]
RULE = "AWS::Events::Rule"
PLACED: Json = {"source": ["shop"], "detail-type": ["placed"], "detail": {"country": ["FR", "DE"]}}
EITHER: Json = {"source": ["shop"], "$or": [{"detail-type": ["placed"]}, {"detail-type": ["paid"]}]}
UNSEEN = {"Fn::Transform": "unseen"}


def told(type_: str, key: str, was: Any, is_now: Any) -> list[tuple[str, str]]:
    sides = (
        Template({"Resources": {"It": {"Type": type_, "Properties": {key: each} if each else {}}}}, name="Shop")
        for each in copy.deepcopy((was, is_now))
    )
    return [(each.kind, each.message) for each in compare(*sides)]


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        (PLACED, {**PLACED, "account": ["1"]}, "account is asked for"),
        (PLACED, {**PLACED, "detail": {"country": ["FR"]}}, 'detail.country may no longer be "DE"'),
        (PLACED, json.dumps({**PLACED, "detail": {"country": ["FR"]}}), 'detail.country may no longer be "DE"'),
        (EITHER, {**EITHER, "$or": EITHER["$or"][:1]}, '$or may no longer be {"detail-type": ["paid"]}'),
        (PLACED, {**PLACED, **EITHER}, "$or is asked for"),
        ({"source": [{"prefix": "sh"}]}, {"source": ["shop"]}, 'source may no longer be {"prefix": "sh"}'),
        ({"source": ["shop"]}, {"source": [{"anything-but": ["shop"]}]}, 'source may no longer be "shop"'),
    ],
)
def test_a_rule_that_matches_less_is_a_danger(was: Any, is_now: Any, said: str) -> None:
    found = [each for each in told(RULE, "EventPattern", was, is_now) if each[0] != "filter-widened"]
    assert found == [("filter-narrowed", f"fewer events pass: {said}")]


def test_a_rule_without_its_pattern_matches_no_event() -> None:
    assert told(RULE, "EventPattern", PLACED, None) == [("filter-narrowed", "EventPattern is removed: no event passes")]


@pytest.mark.parametrize(
    ("was", "is_now", "kind"),
    [
        ({**PLACED, "account": ["1"]}, PLACED, "filter-widened"),
        ({**EITHER, "$or": EITHER["$or"][:1]}, EITHER, "filter-widened"),
        (PLACED, {**PLACED, "detail": {"country": ["DE", "FR"]}}, "resource-updated"),
        (PLACED, json.dumps(PLACED), "resource-updated"),
        (None, PLACED, "resource-updated"),
        (PLACED, {**PLACED, "source": [{"prefix": "sh"}]}, "filter-widened"),
        ({"source": ["shop", {"prefix": "sh"}]}, {"source": [{"prefix": "sh"}]}, "resource-updated"),
        (PLACED, UNSEEN, "resource-updated"),
        (UNSEEN, PLACED, "resource-updated"),
    ],
)
def test_a_rule_that_matches_as_much_or_more_or_is_not_seen_is_no_danger(was: Any, is_now: Any, kind: str) -> None:
    assert [each for each, _ in told(RULE, "EventPattern", was, is_now)] == [kind]


def test_an_alternative_that_is_taken_from_a_filter_beside_other_keys_narrows_it() -> None:
    both: Json = {"shop": ["a"], "$or": [{"type": ["placed"]}, {"country": ["FR"]}]}
    one = {**both, "$or": both["$or"][:1]}
    subscription = "AWS::SNS::Subscription"
    said = '$or may no longer be {"country": ["FR"]}'
    assert told(subscription, "FilterPolicy", both, one) == [("filter-narrowed", f"fewer events pass: {said}")]
    assert [kind for kind, _ in told(subscription, "FilterPolicy", one, both)] == ["filter-widened"]


@pytest.mark.parametrize("type_", [RULE, "AWS::Scheduler::Schedule"])
def test_what_is_disabled_is_a_danger_and_what_was_already_is_not(type_: str) -> None:
    said = [("sender-stopped", "State is DISABLED from now on")]
    assert told(type_, "State", "ENABLED", "DISABLED")[:1] == told(type_, "State", None, "DISABLED")[:1] == said
    assert [kind for kind, _ in told(type_, "State", "DISABLED", "ENABLED")] == ["resource-updated"]
