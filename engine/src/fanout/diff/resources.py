"""Resources that are added, removed, replaced or updated as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Set

from fanout.checks.rules.stateful import KEPT
from fanout.diff.change import Change, change
from fanout.diff.readers import mapping_changes
from fanout.template.dead_letters import message_dead_letter_queues
from fanout.template.template import NESTED, Resource, Template
from fanout.template.tracing import is_traced
from fanout.template.types import ALARM, FUNCTION, KEY, MAPPING, QUEUE, SUBSCRIPTION, TOPIC

POLICIES = (
    "AWS::SQS::QueuePolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)
STACKS = (NESTED, "AWS::Serverless::Application")
_WORDS = {QUEUE: "queue", TOPIC: "topic", SUBSCRIPTION: "subscription", MAPPING: "mapping"} | dict.fromkeys(
    STACKS, "stack"
)
_NOUNS = {"data": "the resource", "stack": "the nested stack"}
_HOLDING = ("queue", "dead-letter queue", "data", "stack")
_DATA = (*KEPT, "AWS::Events::Archive")
_BY_RIGHTS = {"PolicyDocument": (*POLICIES, "AWS::S3::BucketPolicy"), "KeyPolicy": (KEY,)}
"""Properties that are compared right by right, and where."""
_ATTRIBUTES = ("Condition", "DeletionPolicy", "UpdateReplacePolicy")


def added(resource: Resource) -> Change:
    return change("resource-added", resource, resource.type)


def removed(resource: Resource, new: Template) -> Iterator[Change]:
    word = word_of(resource)
    kept = is_kept(resource, "DeletionPolicy")
    if resource.type == ALARM:
        yield change("alarm-lost", resource, "the alarm is removed")
    elif resource.type == MAPPING:
        yield from mapping_changes(resource, new)
    elif word in _HOLDING:
        yield change(f"{_kind(word)}-removed", resource, _fate(word, kept, "removed"))
    elif word is not None:
        yield change(f"{_kind(word)}-removed", resource, f"the {word} is removed")
    elif resource.type not in POLICIES or resource.type.startswith("AWS::IAM::"):
        yield change("resource-removed", resource, resource.type)


def replaced(before: Resource, after: Resource, reason: str, *, moved: bool) -> Change:
    word = word_of(before)
    if word is None or word == "mapping":
        kind = "logical-id-moved" if moved else "resource-replaced"
        return change(kind, after, f"{before.type} would be made anew: {reason}")
    kept = is_kept(before, "DeletionPolicy" if moved else "UpdateReplacePolicy")
    return change(f"{_kind(word)}-replaced", after, f"{_fate(word, kept, 'replaced')}: {reason}")


def updated(before: Resource, after: Resource, told: Set[str]) -> Iterator[Change]:
    """What no other comparison speaks of, and the promise to survive. `told` are the properties of which something is said."""
    lost = [
        key for key in ("DeletionPolicy", "UpdateReplacePolicy") if is_kept(before, key) and not is_kept(after, key)
    ]
    if lost:
        yield change("retain-lost", after, f"{' and '.join(lost)} was Retain")
    old, new = (each.body.get("Properties") for each in (before, after))
    old, new = old if isinstance(old, dict) else {}, new if isinstance(new, dict) else {}
    names = [str(key) for key in sorted({*old, *new}, key=str) if old.get(key) != new.get(key)]
    names += [key for key in _ATTRIBUTES if key not in lost and before.body.get(key) != after.body.get(key)]
    if before.type in (FUNCTION, TOPIC) and is_traced(before) != is_traced(after):
        yield change("traces-begin" if is_traced(after) else "traces-end", after, "TracingConfig")
        names = [each for each in names if each != "TracingConfig"]
    if before.type == FUNCTION and names:
        yield change("function-updated", after, f"updated in place: {', '.join(names)}")
        return
    untold = [each for each in names if each not in told and before.type not in _BY_RIGHTS.get(each, ())]
    if untold:
        yield change("resource-updated", after, f"{before.type} updated in place: {', '.join(untold)}")


def word_of(resource: Resource) -> str | None:
    """What a resource is called in messages; None for types of which nobody here knows what they hold."""
    if resource in message_dead_letter_queues(resource.template):
        return "dead-letter queue"
    return _WORDS.get(resource.type) or ("data" if resource.type in _DATA else None)


def _kind(word: str) -> str:
    return word.replace(" ", "-")


def _fate(word: str, kept: bool, what: str) -> str:
    noun = _NOUNS.get(word, f"the {word}")
    if word not in _HOLDING:
        return f"{noun} would be {what}"
    after = "the old one stays, but nothing uses it" if kept else "what is in it is lost"
    return f"{noun} would be {what} ({after})"


def is_kept(resource: Resource, attribute: str) -> bool:
    """Whether it stays when its stack lets go of it, by its DeletionPolicy or UpdateReplacePolicy."""
    return resource.body.get(attribute) in ("Retain", "RetainExceptOnCreate", "Snapshot")
