"""Whether a bucket, a log group or an archive keeps what is in it for a shorter time than before."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from fanout.diff.change import Change, change
from fanout.diff.moves import masked
from fanout.template.template import Resource
from fanout.template.values import UNKNOWN, Value, as_list, as_number, number, shown

_LIVES = ("ExpirationInDays", "NoncurrentVersionExpiration")
_ASKS = ("TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan")


@dataclass(frozen=True)
class _Rule:
    """`days` are by what they count from, nan where that is not seen; `asks` is what it asks of an object beside its prefix."""

    prefix: str
    asks: frozenset[str]
    days: dict[str, float]


def expirations(before: Resource, after: Resource) -> Iterator[Change]:
    """Of a bucket's LifecycleConfiguration. Nothing is shorter where an object is deleted earlier anyway, by another rule."""
    was, is_now = _rules(before), _rules(after)
    for life in _LIVES:
        for prefix, asks in dict.fromkeys((each.prefix, each.asks) for each in (*was, *is_now) if life in each.days):
            old, new = (_shortest(rules, life, prefix, asks) for rules in (was, is_now))
            if new < old:  # never so of nan
                where = ", ".join([f"prefix {prefix}" if prefix else "every object", *sorted(asks)])
                yield change("retention-shortened", after, f"{life} from {_told(old)} to {_told(new)}: {where}")


def log_retention(before: Resource, after: Resource) -> Iterator[Change]:
    yield from _kept(
        "RetentionInDays", after, *(each.number("RetentionInDays", default=math.inf) for each in (before, after))
    )


def archive_retention(before: Resource, after: Resource) -> Iterator[Change]:
    """Of EventBridge: 0, as nothing, is no end."""
    was, is_now = (each.number("RetentionDays", default=0) for each in (before, after))
    yield from _kept("RetentionDays", after, *(math.inf if each == 0 else each for each in (was, is_now)))


def topic_archive(before: Resource, after: Resource) -> Iterator[Change]:
    """SNS deletes all of it when it is switched off:
    https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html
    """
    yield from _kept("ArchivePolicy", after, _archived(before), _archived(after))


def _archived(topic: Resource) -> float | None:
    policy = topic.document("ArchivePolicy")
    if policy is UNKNOWN:
        return None
    return as_number(policy.get("MessageRetentionPeriod"), 0) if isinstance(policy, dict) else 0


def _kept(key: str, after: Resource, was: float | None, is_now: float | None) -> Iterator[Change]:
    """In days; None where that is not seen."""
    if was is not None and is_now is not None and was != is_now:
        kind = "retention-shortened" if is_now < was else "retention-lengthened"
        yield change(kind, after, f"{key} from {_told(was)} to {_told(is_now)}")


def _rules(bucket: Resource) -> list[_Rule]:
    """Those that are switched on."""
    rules = as_list(bucket.get("LifecycleConfiguration", "Rules"))
    return [_rule(each) for each in rules if not isinstance(each, dict) or each.get("Status") != "Disabled"]


def _rule(rule: Value) -> _Rule:
    if not isinstance(rule, dict) or rule.get("Prefix") is UNKNOWN or rule.get("Status") != "Enabled":
        return _Rule("", frozenset(), dict.fromkeys(_LIVES, math.nan))
    noncurrent = rule.get("NoncurrentVersionExpiration")
    if noncurrent is None:
        noncurrent = rule.get("NoncurrentVersionExpirationInDays")  # as templates said it before
    given = noncurrent.get("NoncurrentDays") if isinstance(noncurrent, dict) else noncurrent
    lives = zip(_LIVES, (rule.get("ExpirationInDays"), given), strict=True)
    days = {life: _seen(as_number(each)) for life, each in lives if each is not None}
    asks = frozenset(f"{key} {masked(each)}" for key in _ASKS for each in as_list(rule.get(key)))
    return _Rule(shown(rule.get("Prefix") or ""), asks, days)


def _seen(days: float | None) -> float:
    return math.nan if days is None else days


def _shortest(rules: list[_Rule], life: str, prefix: str, asks: frozenset[str]) -> float:
    """Days that an object with this prefix, of which `asks` is true, is kept; nan as soon as one rule for it is not seen."""
    theirs = [each for each in rules if prefix.startswith(each.prefix) and each.asks <= asks]
    days = [each.days[life] for each in theirs if life in each.days]
    return math.nan if any(map(math.isnan, days)) else min(days, default=math.inf)


def _told(days: float) -> str:
    return f"{number(days)} day{'' if days == 1 else 's'}" if math.isfinite(days) else "no end"
