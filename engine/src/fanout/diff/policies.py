"""What policies allow and deny, before and after, right by right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from fanout.diff.change import Change, change
from fanout.diff.resources import POLICIES
from fanout.template.policies import enforces_tls, statements
from fanout.template.template import Resource, Template
from fanout.template.types import KEY
from fanout.template.values import UNKNOWN, Value, as_list, shown

_HOLDERS = (*POLICIES, KEY, "AWS::IAM::Role", "AWS::S3::BucketPolicy")
_WORDS = re.compile("[A-Za-z0-9]+")
_TARGETS = ("Queues", "Queue", "Topics", "TopicArn", "Bucket")


@dataclass(frozen=True)
class Right:
    """One action on one resource for one principal."""

    effect: str
    action: str
    resource: str
    principal: str
    condition: str

    def __str__(self) -> str:
        whom = f" for {self.principal}" if self.principal else ""
        return f"{self.effect.lower()} {self.action} on {self.resource or 'it'}{whom}"


def policy_changes(old: Template, new: Template, *, ignored: set[str], same: set[str]) -> Iterator[Change]:
    """Rights lost and added. Policies are compared by what they are for, so that a renamed policy is no change.

    What has none but policies of `same` is not compared.
    """
    policies = [each for template in (old, new) for each in template.of(*_HOLDERS) if each.id not in same]
    subjects = {subject for each in policies for subject in _subjects(each)}
    if not subjects:
        return
    before, after = _rights(old, subjects), _rights(new, subjects)
    gone, born = old.resources.keys() - new.resources.keys(), new.resources.keys() - old.resources.keys()
    for subject, (holder, rights, tls) in before.items():
        if holder.id in ignored or (subject not in after and _is_gone(subject, new)):
            continue
        now, now_tls = after[subject][1:] if subject in after else (set(), False)
        where = after[subject][0] if subject in after else holder
        lost = {each for each in rights - now if not _names_any(each.resource, gone)}
        if tls and not now_tls:
            yield change("tls-lost", where, f"{subject}: nothing denies plain HTTP any more")
            lost = {each for each in lost if "securetransport" not in each.condition.lower()}
        yield from (change(_lost(each), where, f"{subject}: no longer: {each}") for each in sorted(lost, key=str))
    for subject, (holder, rights, _) in after.items():
        if subject in before and holder.id not in ignored:
            gained = sorted(
                (each for each in rights - before[subject][1] if not _names_any(each.resource, born)), key=str
            )
            yield from (change("statement-added", holder, f"{subject}: from now on: {each}") for each in gained)


def _lost(right: Right) -> str:
    """Without its right to send traces a task does all else as before."""
    return "traces-end" if right.action.startswith("xray:") else "statement-lost"


def _rights(template: Template, subjects: set[str]) -> dict[str, tuple[Resource, set[Right], bool]]:
    """Subject (what a policy is for) to its holder, its rights, and whether it denies plain HTTP."""
    found: dict[str, tuple[Resource, set[Right], bool]] = {}
    for holder in template.of(*_HOLDERS):
        asked = [each for each in _subjects(holder) if each in subjects]
        for document in _documents(holder) if asked else ():
            for subject in asked:
                _, rights, tls = found.get(subject, (holder, set(), False))
                mine = set(_atoms(document))
                denies = any(
                    enforces_tls(document, action) for action in ("sqs:SendMessage", "sns:Publish", "s3:PutObject")
                )
                found[subject] = (holder, rights | mine, tls or denies)
    return found


def _documents(holder: Resource) -> list[Value]:
    if holder.type == "AWS::IAM::Role":
        return [each.get("PolicyDocument") for each in as_list(holder.get("Policies")) if isinstance(each, dict)]
    return [holder.document("KeyPolicy" if holder.type == KEY else "PolicyDocument")]


def _subjects(holder: Resource) -> list[str]:
    named = (
        [one for key in _TARGETS for one in as_list(holder.get(key))]
        if holder.type in (*POLICIES, "AWS::S3::BucketPolicy")
        else []
    )
    return [_name(one) for one in named] or [holder.id]


def _atoms(document: Value) -> Iterator[Right]:
    for statement in statements(document) or []:
        body = statement.body
        for action in as_list(body.get("Action") or body.get("NotAction")):
            for resource in as_list(body.get("Resource")) or [""]:
                for principal in _principals(body.get("Principal")) or [""]:
                    condition = json.dumps(body.get("Condition"), default=_name, sort_keys=True)
                    yield Right(_name(body.get("Effect")), shown(action), _name(resource), principal, condition)


def _principals(principal: Value) -> list[str]:
    if isinstance(principal, dict):
        return [_name(each) for one in principal.values() for each in as_list(one)]
    return [] if principal is None else [_name(principal)]


def _name(value: Value) -> str:
    return "something that cannot be seen" if value is UNKNOWN else shown(value)


def _is_gone(subject: str, new: Template) -> bool:
    """Whether what the policy was for is gone as well: then that is the change."""
    return subject.partition(".")[0] not in new.resources


def _names_any(resource: str, logical_ids: Set[str]) -> bool:
    """A right on what comes or goes with this change is no news beside it: an operator's policy names every queue."""
    return not logical_ids.isdisjoint(_WORDS.findall(resource))
