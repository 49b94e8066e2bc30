"""Resources in the words of the design: the queue of a task, its dead letters, the topic; never an ARN or a hash."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fanout.catalog.reading import Subscriber, Topic, name_of
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import FUNCTION
from fanout.template.values import UNKNOWN, External, Reference, Text, Value, shown

OWN = ("queue", "dead letters", "function", "role", "mapping", "log group")
"""What each subscriber has one of."""
_TYPES = {
    "AWS::Logs::LogGroup": "log group",
    "AWS::Lambda::EventSourceMapping": "mapping",
    "AWS::SecretsManager::Secret": "secret",
    "AWS::IAM::ManagedPolicy": "policy",
    "AWS::DynamoDB::Table": "table",
    "AWS::S3::Bucket": "bucket",
    "AWS::Events::EventBus": "event bus",
}
_UNSEEN = "what only the deployment knows"


class Words:
    """The words of one template."""

    def __init__(self, template: Template, topics: list[Topic]) -> None:
        self.template = template
        self.subscribers = {each.name: each for topic in topics for each in topic.subscribers}
        self._parts: dict[Resource, tuple[str, str]] = {}
        for name, each in self.subscribers.items():
            for part, resource in zip(OWN, self._owned(each), strict=True):
                if resource is not None:
                    self._parts.setdefault(resource, (part, name))

    def of(self, resource: Resource) -> str:
        """queue of `send_confirmation`, topic `OrderPlaced`, bucket `Archive`."""
        if resource in self._parts:
            part, name = self._parts[resource]
            return f"{part} of `{name}`"
        kind = _TYPES.get(resource.type) or resource.type.rpartition("::")[2].lower()
        return f"{kind} `{name_of(resource)}`"

    def one(self, value: Value, *, owner: str = "") -> str:
        """What an ARN, a name or a pattern of them means. What belongs to the subscriber `owner` is "its own"."""
        resource = self._last_resource(value)
        if resource is None:
            return _written(value)
        part, name = self._parts.get(resource, ("", ""))
        return f"its own {part}" if part and name == owner else _before(value) + self.of(resource)

    def together(self, values: Iterable[Value], *, owner: str = "") -> list[str]:
        """Each thing once, in order of the alphabet."""
        return self.collapsed(self.one(each, owner=owner) for each in values)

    def collapsed(self, words: Iterable[str]) -> list[str]:
        """What every task has one of is one word, so that thirty tasks read as three."""
        found = set(words)
        for part in OWN:
            each_has = {f"{part} of `{name}`" for name in self.subscribers}
            if len(each_has) > 1 and each_has <= found:
                found = (found - each_has) | {f"every task's {part}"}
        return sorted(found)

    def owner_of(self, resource: Resource) -> str:
        """The subscriber a resource is a part of, or nothing."""
        return self._parts.get(resource, ("", ""))[1]

    def _owned(self, each: Subscriber) -> tuple[Resource | None, ...]:
        """In the order of `OWN`. A role that several functions have belongs to none of them."""
        function, mapping = each.function, each.mapping.resource if each.mapping else None
        log = self.template.resource(function.get("LoggingConfig", "LogGroup")) if function else None
        role = self.template.resource(function.get("Role")) if function else None
        own_role = role if role and functions_of(role) == [function] else None
        if each.worker:
            own_role, log = each.worker.role, each.worker.log_group
        return each.queue, each.dead_letter_queue, function, own_role, mapping, log

    def _last_resource(self, value: Value) -> Resource | None:
        parts = value.parts if isinstance(value, Text) else (value,)
        found = [part.resource for part in parts if isinstance(part, Reference) and isinstance(part.resource, Resource)]
        return found[-1] if found else self.template.resource(value)


def without_account(text: str) -> str:
    """Settings may pin an account, so that its number is in the template."""
    return re.sub(r"(?<!\d)\d{12}(?!\d)", "*", text)


def functions_of(role: Resource) -> list[Resource]:
    return role.template.linked.remember(_by_role).get(role, [])


def _by_role(linked: Linked) -> dict[Resource, list[Resource]]:
    found: dict[Resource, list[Resource]] = {}
    for function in linked.of(FUNCTION):
        if (role := function.template.resource(function.get("Role"))) is not None:
            found.setdefault(role, []).append(function)
    return found


def _before(value: Value) -> str:
    """What follows a resource's ARN, said in front of it. `:*` is how log groups are written, and means no more."""
    last = value.parts[-1] if isinstance(value, Text) else ""
    if not isinstance(last, str) or last in ("", ":*"):
        return ""
    return "everything in " if last == "/*" else f"`{last}` of "


def _written(value: Value) -> str:
    """An ARN without partition, Region and account; they differ from deployment to deployment."""
    if value is UNKNOWN:
        return _UNSEEN
    if value == "*":
        return "anything"
    if isinstance(value, External):
        return f"`{value.name}`"
    text = without_account(re.sub(r"\$\{[^}]*\}", "*", shown(value)))
    arn = text.split(":", 5)
    return f"{arn[2]} `{arn[5]}`" if len(arn) == 6 and arn[0] == "arn" else f"`{text}`"
