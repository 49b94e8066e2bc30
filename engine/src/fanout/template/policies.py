"""Policy documents, asked questions that have three answers: True, False, and None for "cannot be seen".

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fanout.template.template import Resource, Template
from fanout.template.values import UNKNOWN, External, Text, Value, as_list, shown

NARROWING = ("aws:source", "aws:principal", "aws:calledvia", "aws:resource", "kms:", "sns:", "aws:via")
"""Condition keys that narrow who may do something, by how they begin."""
_NOT_OF_SERVICES = ("aws:principalorgid", "aws:principalorgpaths", "aws:sourcevpc", "aws:sourcevpce")
_OF_SERVICES = ("aws:securetransport", "aws:principalisawsservice")
"""Condition keys that no request has which a service of AWS makes itself, and those that say true of it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""


@dataclass(frozen=True)
class Statement:
    """One statement, resolved."""

    body: dict[str, Value]

    @property
    def allows(self) -> bool:
        return self.body.get("Effect") == "Allow"

    @property
    def denies(self) -> bool:
        return self.body.get("Effect") == "Deny"

    def covers(self, action: str) -> bool | None:
        """Whether its actions include `action`."""
        if "Action" not in self.body:
            return None
        return any_of(_matches(each, action.lower()) for each in as_list(self.body["Action"]))

    def is_for_anyone(self) -> bool:
        """Principal `*`."""
        principal = self.body.get("Principal")
        return principal == "*" or (isinstance(principal, dict) and "*" in as_list(principal.get("AWS")))

    def is_for_service(self, service: str) -> bool | None:
        """Whether the service is a principal of it, by name or as anyone."""
        if self.is_for_anyone():
            return True
        principal = self.body.get("Principal")
        if principal is UNKNOWN or "NotPrincipal" in self.body:
            return None
        named = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        return any_of(None if isinstance(each, Text | External) else _matches(each, service) for each in named)

    def conditions(self) -> list[tuple[str, str, list[Value]]] | None:
        """(operator, key in lower case, values) of each condition; None when they cannot be seen."""
        found = self.body.get("Condition")
        if found is None:
            return []
        if not isinstance(found, dict) or not all(isinstance(tests, dict) for tests in found.values()):
            return None
        return [
            (operator, key.lower(), as_list(values))
            for operator, tests in found.items()
            for key, values in tests.items()
        ]

    def is_narrowed(self) -> bool | None:
        """Whether some condition limits who it is for."""
        conditions = self.conditions()
        return None if conditions is None else any(key.startswith(NARROWING) for _, key, _ in conditions)

    def has_condition(self, key: str) -> bool | None:
        conditions = self.conditions()
        return None if conditions is None else any(each == key.lower() for _, each, _ in conditions)

    def reaches(self, target: Resource) -> bool | None:
        """Whether its Resource is `target`, whose policy it stands in; without one it is."""
        if "NotResource" in self.body:
            return None
        return any_of(_leads_to(each, target) for each in as_list(self.body.get("Resource", "*")))

    def holds_for_services(self) -> bool | None:
        """Whether its conditions are met by what a service of AWS itself sends, over TLS, whoever's it is."""
        conditions = self.conditions()
        return None if conditions is None else all_of(_holds_for_services(*each) for each in conditions)

    def holds_for_source(self, template: Template, source: Value) -> bool | None:
        """Whether its conditions let the resource `source` (a topic) through."""
        conditions = self.conditions()
        if conditions is None:
            return None
        return all_of(_condition_holds(template, *each, source) for each in conditions)


def statements(document: Value) -> list[Statement] | None:
    """The statements of a document; None when some cannot be seen."""
    if not isinstance(document, dict):
        return [] if document is None else None
    found = as_list(document.get("Statement"))
    return [Statement(each) for each in found] if all(isinstance(each, dict) for each in found) else None


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True if one is True, else None if one is None, else False."""
    unsure = False
    for answer in answers:
        if answer:
            return True
        unsure = unsure or answer is None
    return None if unsure else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """False if one is False, else None if one is None, else True."""
    negated = any_of(None if answer is None else not answer for answer in answers)
    return None if negated is None else not negated


def service_may(
    template: Template, document: Value, *, service: str, action: str, source: Value, on: Resource | None = None
) -> bool | None:
    """Whether the policy of a resource, `on`, lets `service` do `action` on behalf of `source`; a key's is about itself alone."""
    found = statements(document)
    if found is None:
        return None

    def about(each: Statement) -> list[bool | None]:
        reaches = True if on is None else each.reaches(on)
        return [each.is_for_service(service), each.covers(action), reaches]

    allowed = any_of(all_of([*about(each), each.holds_for_source(template, source)]) for each in found if each.allows)
    denied = any_of(all_of([*about(each), each.holds_for_services()]) for each in found if each.denies)
    return all_of([allowed, None if denied is None else not denied])


def enforces_tls(document: Value, action: str) -> bool | None:
    """Whether a policy denies everybody `action` when it does not come over TLS."""
    found = statements(document)
    if found is None:
        return None
    return any_of(all_of([each.covers(action), _denies_plain_text(each)]) for each in found if each.denies)


def _denies_plain_text(statement: Statement) -> bool | None:
    conditions = statement.conditions()
    if conditions is None:
        return None
    tests = [
        (operator, values)
        for operator, key, values in conditions
        if key == "aws:securetransport" and len(conditions) == 1
    ]
    return statement.is_for_anyone() and any(
        operator in ("Bool", "BoolIfExists") and [str(value).lower() for value in values] == ["false"]
        for operator, values in tests
    )


def _matches(pattern: Value, text: str) -> bool | None:
    if not isinstance(pattern, str):
        return None
    written = pattern.lower()
    return fnmatchcase(text, written) if "*" in written or "?" in written else text == written


def _leads_to(pattern: Value, target: Resource) -> bool | None:
    """False only for another queue or topic that is seen, and that does not have the same name."""
    found = target.template.target(pattern)
    if pattern == "*" or found == target:
        return True
    names = [_name(each) for each in (found, target) if isinstance(each, Resource) and each.type == target.type]
    return False if len(names) == 2 and (names[0] is None or names[0] != names[1]) else None


def _name(resource: Resource) -> Value:
    return resource.get("QueueName") or resource.get("TopicName")


def _condition_holds(template: Template, operator: str, key: str, values: list[Value], source: Value) -> bool | None:
    if key != "aws:sourcearn" or not operator.removeprefix("ForAnyValue:").startswith(
        ("ArnEquals", "ArnLike", "String")
    ):
        return True if key in ("aws:sourceaccount", "aws:sourceorgid") else _holds_for_services(operator, key, values)
    if "Not" in operator:
        return None
    return any_of(_is_source(template, each, source) for each in values)


def _holds_for_services(operator: str, key: str, values: list[Value]) -> bool | None:
    """A key that is not there meets what is negated, and nothing else:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    test = operator.rpartition(":")[2].removesuffix("IfExists")
    said = [str(each).lower() for each in values if isinstance(each, str | bool)]
    if key in _OF_SERVICES and test == "Bool" and len(said) == len(values):
        return "true" in said
    if key not in _NOT_OF_SERVICES:
        return None
    if test == "Null":
        return "true" in said if said else None
    if not test.startswith(("String", "Arn")):
        return None
    if operator.startswith("ForAnyValue:"):
        return False
    return operator.startswith("ForAllValues:") or operator.endswith("IfExists") or "Not" in test


def _is_source(template: Template, pattern: Value, source: Value) -> bool | None:
    if pattern is UNKNOWN:
        return None
    target: Any = template.target(pattern)
    if target == source:
        return True
    if "*" in shown(pattern) or "?" in shown(pattern):
        return None
    return None if isinstance(source, External) or isinstance(target, External) else False
