"""Whether what sends is let in: by the policy of a queue or a topic, by a function's permission, or by the role it sends with."""

from __future__ import annotations

from fanout.template.grants import ROLE, role_may
from fanout.template.links import Link
from fanout.template.messaging import policy_of
from fanout.template.policies import any_of, service_may
from fanout.template.template import Linked, Resource
from fanout.template.types import FUNCTION, QUEUE, TOPIC
from fanout.template.values import UNKNOWN, External, Missing, Text, Value, shown

PERMISSION = "AWS::Lambda::Permission"


def may_deliver(link: Link, to: Resource | None = None) -> bool | None:
    """To its target, or to its dead-letter queue `to`; None when that cannot be seen.

    SES, IoT and Auto Scaling may publish to a topic of the same account by its default policy, so without a policy nothing is said.
    """
    target = to or link.target
    if not isinstance(target, Resource) or target.type not in (QUEUE, TOPIC, FUNCTION):
        return None
    if link.role is not None:
        role = link.owner.template.resource(link.role)
        known = role is not None and role.type == ROLE and link.action is not None
        return role_may(role, link.action, target) if known and role and link.action else None
    if link.source is None or isinstance(link.source, Missing):
        return None
    if target.type == FUNCTION:
        return _invoked(link, target)
    action = "sqs:SendMessage" if target.type == QUEUE else "sns:Publish"
    template = link.owner.template
    return any_of(
        service_may(template, policy_of(target), service=each, action=action, source=link.source, on=target)
        for each in (link.service, *link.others)
    )


def _invoked(sender: Link, function: Resource) -> bool | None:
    permissions = function.template.linked.remember(_permissions)
    unseen = None if function.template.macros or None in permissions else False
    return any_of([*(_permitted(each, sender) for each in permissions.get(function, ())), unseen])


def _permissions(linked: Linked) -> dict[Value, list[Resource]]:
    """Those of each function; of None those whose function is not seen, which may be any."""
    found: dict[Value, list[Resource]] = {}
    for each in linked.of(PERMISSION):
        target = each.template.target(each.get("FunctionName"))
        if isinstance(target, Resource) and target.type != FUNCTION:
            target = each.template.target(target.get("FunctionName"))
        unseen = target is UNKNOWN or isinstance(target, External | Text)
        if unseen or isinstance(target, Resource):
            found.setdefault(None if unseen else target, []).append(each)
    return found


def _permitted(permission: Resource, sender: Link) -> bool | None:
    principal, source = permission.get("Principal"), permission.template.target(permission.get("SourceArn"))
    if principal not in (sender.service, *sender.others, "*", sender.source):
        return False if isinstance(principal, str) else None
    if source is None or source == sender.source:
        return True
    return None if _is_open(source) or _is_open(sender.source) else False


def _is_open(value: Value) -> bool:
    return not isinstance(value, Resource | str) or "*" in shown(value)
