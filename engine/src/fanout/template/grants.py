"""What a role may do: the policies attached to it, wherever in the template they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fanout.template.policies import Statement, any_of, statements
from fanout.template.template import Linked, Resource, Template
from fanout.template.values import Value, as_list, shown

ROLE = "AWS::IAM::Role"
_ATTACHED = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}
_BROAD = {
    "AdministratorAccess": ("sns:", "sqs:", "kms:"),
    "PowerUserAccess": ("sns:", "sqs:", "kms:"),
    "AmazonSNSFullAccess": ("sns:",),
    "AmazonSQSFullAccess": ("sqs:",),
}
"""AWS's own policies that allow a service's every action on every resource."""


_SERVICES = {"AWS::SQS::Queue": "sqs", "AWS::SNS::Topic": "sns", "AWS::Lambda::Function": "lambda"}


@dataclass(frozen=True)
class Grant:
    """A statement that holds for a role, or one of AWS's own broad policies."""

    template: Template
    statement: Statement | None
    services: tuple[str, ...] = ()

    def covers(self, action: str) -> bool:
        return action.startswith(self.services) if self.services else False


def grants_of(function: Resource) -> list[Grant]:
    """Everything the role of `function` is known to be granted."""
    role = function.template.resource(function.get("Role"))
    return grants_of_role(role) if role is not None and role.type == ROLE else []


def grants_of_role(role: Resource) -> list[Grant]:
    """Everything that a role is known to be granted, worked out once."""
    known = role.template.remember(_grants)
    if role not in known:
        known[role] = list(_grants_of_role(role))
    return known[role]


def _grants(template: Template) -> dict[Resource, list[Grant]]:
    return {}


def _grants_of_role(role: Resource) -> Iterator[Grant]:
    for document in role_documents(role):
        for statement in statements(document) or []:
            yield Grant(role.template, statement)
    for arn in as_list(role.get("ManagedPolicyArns")):
        name = shown(arn).rpartition("/")[2]
        if name in _BROAD:
            yield Grant(role.template, None, _BROAD[name])


def role_documents(role: Resource) -> Iterator[Value]:
    """The documents written in the role and those attached to it."""
    for inline in as_list(role.get("Policies")):
        if isinstance(inline, dict):
            yield inline.get("PolicyDocument")
    named = (role.template.resource(each) for each in as_list(role.get("ManagedPolicyArns")))
    managed = [each for each in named if each is not None and each.type in _ATTACHED]
    for policy in dict.fromkeys([*role.template.linked.remember(_attached).get(role, ()), *managed]):
        yield policy.document("PolicyDocument")


def _attached(linked: Linked) -> dict[Resource, list[Resource]]:
    """The policies that name each role."""
    found: dict[Resource, list[Resource]] = {}
    for policy in linked.of(*_ATTACHED):
        for role in roles_of_policy(policy):
            found.setdefault(role, []).append(policy)
    return found


def roles_of_policy(policy: Resource) -> list[Resource]:
    """The roles a policy resource is attached to."""
    found = (policy.template.resource(each) for each in as_list(policy.get(_ATTACHED[policy.type])))
    return [each for each in found if each is not None and each.type == ROLE]


def role_may(role: Resource, action: str, target: Resource) -> bool | None:
    """Whether a role is granted `action` on `target`; None when some of its policies cannot be seen."""
    if any(statements(document) is None for document in role_documents(role)):
        return None
    managed = [each for each in as_list(role.get("ManagedPolicyArns")) if role.template.resource(each) is None]
    unseen = any(shown(each).rpartition("/")[2] not in _BROAD for each in managed)
    granted = any_of(permits(grant, action, target) for grant in grants_of_role(role))
    return granted or (None if unseen else granted)


def permits(grant: Grant, action: str, source: Resource) -> bool | None:
    """Whether a grant lets its role do `action` to the queue, topic or function `source`."""
    if grant.statement is None:
        return grant.covers(action)
    if not grant.statement.allows or grant.statement.covers(action) is not True:
        return False
    return any_of(_reaches(grant.template, each, source) for each in as_list(grant.statement.body.get("Resource")))


def _reaches(template: Template, resource: object, source: Resource) -> bool | None:
    if template.target(resource) is source:
        return True
    text = shown(resource)
    service = _SERVICES.get(source.type, "sns")
    return text in ("*", f"arn:aws:{service}:*:*:*") or (text.startswith("arn:") and text.endswith(f":{service}:*"))
