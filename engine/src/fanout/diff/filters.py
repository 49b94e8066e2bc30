"""Whether a filter lets less through than before."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.diff.change import Change, change
from fanout.diff.moves import masked
from fanout.template.filter_policy import matches
from fanout.template.template import Resource
from fanout.template.types import MAPPING
from fanout.template.values import UNKNOWN, Value, as_list


def filter_changes(before: Resource, after: Resource) -> Iterator[Change]:
    """Of a subscription's FilterPolicy, or of a mapping's FilterCriteria."""
    if before.type == MAPPING:
        yield from _criteria(before, after)
        return
    was, is_now = before.document("FilterPolicy"), after.document("FilterPolicy")
    if UNKNOWN in (was, is_now):
        return
    scopes = [each.get("FilterPolicyScope") or "MessageAttributes" for each in (before, after)]
    if was and is_now and scopes[0] != scopes[1]:
        yield change("filter-narrowed", after, f"FilterPolicyScope from {scopes[0]} to {scopes[1]}: it looks elsewhere")
        return
    yield from _passing(after, was or {}, is_now or {})


def pattern_changes(before: Resource, after: Resource) -> Iterator[Change]:
    """Of a rule's EventPattern, without which no event passes.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    was, is_now = before.document("EventPattern"), after.document("EventPattern")
    if UNKNOWN in (was, is_now) or not was:
        return
    if is_now:
        yield from _passing(after, was, is_now)
    else:
        yield change("filter-narrowed", after, "EventPattern is removed: no event passes")


def _passing(after: Resource, was: dict[str, Value], is_now: dict[str, Value]) -> Iterator[Change]:
    narrower, wider = _differences(was, is_now)
    if narrower:
        yield change("filter-narrowed", after, f"fewer events pass: {'; '.join(narrower)}")
    if wider:
        yield change("filter-widened", after, f"more events pass: {'; '.join(wider)}")


def is_seen(resource: Resource) -> bool:
    """Whether its filter is: of two that are, everything that differs is said."""
    found = resource.get("FilterCriteria") if resource.type == MAPPING else resource.document("FilterPolicy")
    return found is not UNKNOWN


def _criteria(before: Resource, after: Resource) -> Iterator[Change]:
    """One of several patterns must match: a pattern removed, or the first one added, lets less through."""
    was, is_now = (_patterns(each) for each in (before, after))
    if is_now and (not was or was - is_now):
        yield change("filter-narrowed", after, "FilterCriteria deletes messages that passed before")
    elif was and (not is_now or is_now - was):
        yield change("filter-widened", after, "FilterCriteria lets more messages pass")


def _patterns(mapping: Resource) -> set[str]:
    criteria = mapping.get("FilterCriteria")
    return {masked(each) for each in as_list(criteria.get("Filters"))} if isinstance(criteria, dict) else set()


def _differences(was: dict[str, Value], is_now: dict[str, Value]) -> tuple[list[str], list[str]]:
    """Of two filters, each an alternative or several: what both have is left out, and the first of the rest compared."""
    old, new = _alternatives(was), _alternatives(is_now)
    gone = [each for each in old if each not in new]
    come = [each for each in new if each not in old]
    if not gone or not come:
        return [f"no longer {masked(each)}" for each in gone], [f"also {masked(each)}" for each in come]
    narrower, wider = _of_one(gone[0], come[0])
    if {} not in old:  # where there was no filter, nothing more can pass
        wider += [f"also {masked(each)}" for each in come[1:]]
    if {} not in new:
        narrower += [f"no longer {masked(each)}" for each in gone[1:]]
    return narrower, wider


def _alternatives(policy: dict[str, Value]) -> list[dict[str, Value]]:
    """https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html"""
    alternatives = policy.get("$or")
    if len(policy) == 1 and isinstance(alternatives, list) and len(alternatives) > 1:
        return [each for each in alternatives if isinstance(each, dict)]
    return [policy]


def _of_one(was: dict[str, Value], is_now: dict[str, Value]) -> tuple[list[str], list[str]]:
    """Keys are joined by and, the values of a key by or."""
    old, new = (dict(_asked(one)) for one in (was, is_now))
    narrower = [f"{key} is asked for" for key in sorted(new.keys() - old.keys())]
    wider = [f"{key} is no longer asked for" for key in sorted(old.keys() - new.keys())]
    for key in sorted(old.keys() & new.keys()):
        narrower += [f"{key} may no longer be {value}" for value in _only(old[key], new[key])]
        wider += [f"{key} may also be {value}" for value in _only(new[key], old[key])]
    return narrower, wider


def _only(values: Value, others: Value) -> list[str]:
    """Those that are not among the others, and that none of them lets through, as a prefix does."""
    known = {masked(each) for each in as_list(others)}
    found = [each for each in as_list(values) if not _passes(each, as_list(others))]
    return sorted({masked(each) for each in found} - known)


def _passes(value: Value, conditions: list[Value]) -> bool:
    return isinstance(value, str | int | float) and matches({"it": conditions}, {"it": value}) is True


def _asked(policy: dict[str, Value], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """(dotted path, what it may be) of each key; an `$or` beside other keys may be any of its alternatives."""
    for key, values in policy.items():
        if isinstance(values, dict):
            yield from _asked(values, f"{prefix}{key}.")
        else:
            yield prefix + key, values
