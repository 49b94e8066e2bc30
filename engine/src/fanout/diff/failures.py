"""What a function gives up that is called without an answer: kept no more, or given up sooner than before."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.diff.change import Change, change
from fanout.template.asynchronous import CALLERS, INVOKE_CONFIG, Asynchronous, asynchronous
from fanout.template.messaging import function_of, mappings
from fanout.template.senders import links
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION
from fanout.template.values import UNKNOWN


def failure_changes(old: Template, new: Template) -> Iterator[Change]:
    """Of functions that stay; not of one that from now on is called for a queue's messages alone."""
    called, fed = _called(new), {each.function.id for each in mappings(new) if each.function}
    for logical_id, function in _called(old).items():
        after = new.resources.get(logical_id)
        if after is not None and after.type == FUNCTION and (logical_id in called or logical_id not in fed):
            yield from _given_up(asynchronous(function), asynchronous(after), after)


def _called(template: Template) -> dict[str, Resource]:
    """By logical id: what is seen to call them, or what is said for such calls."""
    found = [each.target for each in links(template) if each.kind in CALLERS]
    found += [function_of(template, each.get("FunctionName")) for each in template.of(INVOKE_CONFIG)]
    found += [each for each in template.of(FUNCTION) if each.get("DeadLetterConfig") is not None]
    return {each.id: each for each in found if isinstance(each, Resource) and each.type == FUNCTION}


def _given_up(was: Asynchronous, is_now: Asynchronous, after: Resource) -> Iterator[Change]:
    if was.keeps not in (None, UNKNOWN) and is_now.keeps is None:
        yield change("dead-letter-queue-lost", after, "what it gives up goes nowhere any more")
    if was.retries is not None and is_now.retries is not None and is_now.retries < was.retries:
        said = f"MaximumRetryAttempts from {was.retries} to {is_now.retries}"
        yield change("attempts-lowered", after, said)
    if was.age is not None and is_now.age is not None and is_now.age < was.age:
        said = f"MaximumEventAgeInSeconds from {was.age:.0f} to {is_now.age:.0f} s"
        yield change("retention-shortened", after, said)
