"""Every policy of a template, wherever it is written: who, may or may not, which actions, on what, under which condition."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fanout.template import messaging, types
from fanout.template.grants import ROLE, role_documents, roles_of_policy
from fanout.template.policies import Statement, statements
from fanout.template.template import Resource, Template
from fanout.template.values import Text, Value, as_list, shown

_INSIDE = {types.KEY: "KeyPolicy", ROLE: "AssumeRolePolicyDocument"}
"""By type: the property that holds the document."""
PERMISSION = "AWS::Lambda::Permission"
_POLICIES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy")
_ON_RESOURCES = {
    "AWS::S3::BucketPolicy": ("Bucket", "PolicyDocument"),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId", "ResourcePolicy"),
    "AWS::XRay::ResourcePolicy": ("", "PolicyDocument"),
    "AWS::Logs::ResourcePolicy": ("", "PolicyDocument"),
    "AWS::Events::EventBusPolicy": ("EventBusName", "Statement"),
}
"""By type: the property that names the resource, and the one that holds the document. Queues and topics: checks.messaging."""


@dataclass(frozen=True)
class Held:
    """A statement of IAM: what a role may do, or whoever a policy is attached to elsewhere."""

    holder: Resource
    statement: Statement | None
    """None when it cannot be seen."""
    foreign_policy: str = ""
    """The name of a policy that is not in the template, such as one of AWS's own; then there is no statement."""


@dataclass(frozen=True)
class Guarding:
    """A statement of a resource's own policy. `resource` is None for policies of a whole account."""

    policy: Resource
    resource: Resource | None
    statement: Statement | None


def held(template: Template) -> Iterator[Held]:
    """Of roles, and of policies that no role of the template holds."""
    for role in template.of(ROLE):
        yield from (Held(role, each) for document in role_documents(role) for each in _statements(document))
        foreign = (arn for arn in as_list(role.get("ManagedPolicyArns")) if template.resource(arn) is None)
        yield from (Held(role, None, shown(arn).rpartition("/")[2]) for arn in foreign)
    for policy in template.of(*_POLICIES):
        if not roles_of_policy(policy):
            yield from (Held(policy, each) for each in _statements(policy.document("PolicyDocument")))


def guarding(template: Template) -> Iterator[Guarding]:
    """Of queues and topics, of what has a policy resource of its own, of keys, roles and functions."""
    for policy, resource, statement in messaging.policy_statements(template):
        yield Guarding(policy, resource, statement)
    for kind, (target, document) in _ON_RESOURCES.items():
        for policy in template.of(kind):
            guarded = template.resource(policy.get(target)) if target else None
            yield from (Guarding(policy, guarded, each) for each in _statements(_document(policy.get(document))))
    for kind, document in _INSIDE.items():
        for each in template.of(kind):
            yield from (Guarding(each, each, one) for one in _statements(each.document(document)))
    for permission in template.of(PERMISSION):
        function = messaging.function_of(template, permission.get("FunctionName"))
        yield Guarding(permission, function, _as_statement(permission))


def _as_statement(permission: Resource) -> Statement:
    """A function's permission says the same in other words."""
    principal = permission.get("Principal")
    service = isinstance(principal, str) and principal.endswith(".amazonaws.com")
    conditions = {"aws:SourceArn": permission.get("SourceArn"), "aws:SourceAccount": permission.get("SourceAccount")}
    return Statement(
        {
            "Effect": "Allow",
            "Principal": {"Service" if service else "AWS": principal},
            "Action": permission.get("Action"),
            "Condition": {"ArnLike": {key: value for key, value in conditions.items() if value is not None}},
        }
    )


def _statements(document: Value) -> Iterator[Statement | None]:
    if isinstance(document, list):
        document = {"Statement": document}
    found = statements(document)
    yield from found if found is not None else [None]


def _document(value: Value) -> Value:
    """A document that is JSON in a string may have references in it: they are put back where they were."""
    if isinstance(value, dict | list) or value is None:
        return value
    parts = value.parts if isinstance(value, Text) else (value,)
    text = "".join(part if isinstance(part, str) else f"\ue000{number}\ue001" for number, part in enumerate(parts))
    try:
        return _restored(json.loads(text), parts)
    except (ValueError, RecursionError):
        return "unseen"


def _restored(node: Any, parts: tuple[Any, ...]) -> Value:
    if isinstance(node, dict):
        return {key: _restored(each, parts) for key, each in node.items()}
    if isinstance(node, list):
        return [_restored(each, parts) for each in node]
    if not isinstance(node, str) or "\ue000" not in node:
        return node
    pieces = [_piece(piece, parts) for piece in node.replace("\ue000", "\ue001\ue000").split("\ue001") if piece]
    return pieces[0] if len(pieces) == 1 else Text(tuple(pieces))


def _piece(piece: str, parts: tuple[Any, ...]) -> Value:
    return parts[int(piece[1:])] if piece.startswith("\ue000") else piece
