"""SNS filter policies as data: their keys, how large they are, and whether a value can match.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from math import prod
from typing import Any

from fanout.contracts.contract import Contract
from fanout.template.policies import all_of, any_of
from fanout.template.values import Value

MOST_KEYS, MOST_COMBINATIONS = 5, 150
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def leaves(policy: dict[str, Value], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """(dotted path, its list of conditions) of each key. `$or` belongs to its alternatives."""
    for key, conditions in policy.items():
        if key == "$or" and isinstance(conditions, list):
            for alternative in conditions:
                if isinstance(alternative, dict):
                    yield from leaves(alternative, prefix)
        elif isinstance(conditions, dict):
            yield from leaves(conditions, f"{prefix}{key}.")
        else:
            yield prefix + key, conditions


def keys(policy: dict[str, Value]) -> set[str]:
    return {path for path, _ in leaves(policy)}


def combinations(policy: dict[str, Value]) -> int:
    """The product of the number of conditions of each key, as AWS counts it."""
    return prod(max(len(conditions), 1) for _, conditions in leaves(policy) if isinstance(conditions, list))


def is_nested(policy: dict[str, Value]) -> bool:
    return any(isinstance(conditions, dict) for conditions in policy.values())


def matches(policy: dict[str, Value], values: Mapping[str, Any], *, partial: bool = False) -> bool | None:
    """Whether an event's body, or its message attributes by name, passes the filter; None when that cannot be said.

    `partial`: values that are not here may be there, as of an event of which only a log line is left.
    """
    return all_of(_answers(policy, values, partial).values())


def refusing_keys(policy: dict[str, Value], values: Mapping[str, Any], *, partial: bool = False) -> list[str]:
    """The keys of the filter by which it keeps the event back."""
    return [key for key, answer in _answers(policy, values, partial).items() if answer is False]


def _answers(
    policy: dict[str, Value], values: Mapping[str, Any], partial: bool, prefix: str = ""
) -> dict[str, bool | None]:
    """By dotted path; the alternatives of `$or` are one answer, under the names of all their keys."""
    answers: dict[str, bool | None] = {}
    for key, conditions in policy.items():
        if key == "$or" and isinstance(conditions, list):
            alternatives = [each for each in conditions if isinstance(each, dict)]
            path = " or ".join(sorted({prefix + name for each in alternatives for name in keys(each)}))
            answers[path] = any_of(all_of(_answers(each, values, partial).values()) for each in alternatives)
        elif isinstance(conditions, dict):
            inner = values.get(key)
            absent = None if partial and key not in values else False
            if isinstance(inner, dict):
                answers |= _answers(conditions, inner, partial, f"{prefix}{key}.")
            else:
                answers |= {prefix + key: absent}
        else:
            unknown = partial and key not in values
            answers[prefix + key] = None if unknown else _any_condition(conditions, values.get(key))
    return answers


def can_match(policy: dict[str, Value], contract: Contract, *, attributes: bool) -> bool | None:
    """Whether some value that the schema allows could pass: each key is judged by itself."""
    answers = []
    for key, conditions in policy.items():
        if key == "$or" and isinstance(conditions, list):
            answers.append(
                any_of(
                    can_match(each, contract, attributes=attributes) for each in conditions if isinstance(each, dict)
                )
            )
        else:
            inside = {key: conditions} if isinstance(conditions, dict) else None
            pairs = leaves(inside) if inside else [(key, conditions)]
            answers += [_leaf_can_match(path, each, contract, attributes) for path, each in pairs]
    return all_of(answers)


def _leaf_can_match(path: str, conditions: Value, contract: Contract, attributes: bool) -> bool | None:
    field = contract.attributes.get(path) if attributes else path
    schema = contract.body_schema(field) if field else None
    if schema is None:
        open_end = field is not None and contract.is_open_at(field)
        return None if open_end else _any_condition(conditions, None)
    if not isinstance(conditions, list):
        return None
    return any_of(_allowed(each, schema) for each in conditions)


def _allowed(condition: Value, schema: dict[str, Any]) -> bool | None:
    """Whether a value that the schema allows meets one condition."""
    known = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(known, list):
        return any_of(_meets(condition, value) for value in known)
    if isinstance(condition, str | bool | int | float):
        return _fits(condition, schema)
    if condition == {"exists": True} or condition is None:
        return condition is not None or None
    return None


def _fits(value: str | bool | int | float, schema: dict[str, Any]) -> bool | None:
    expected = _JSON_TYPES.get(str(schema.get("type")))
    if expected is None:
        return None if "type" not in schema else False
    if not isinstance(value, expected) or isinstance(value, bool) != (bool in expected):
        return False
    pattern = schema.get("pattern")
    if isinstance(value, str) and isinstance(pattern, str):
        try:
            return re.search(pattern, value) is not None
        except re.error:
            return None
    return True


def _any_condition(conditions: Value, value: Any) -> bool | None:
    if not isinstance(conditions, list):
        return None
    return any_of(_meets(each, value) for each in conditions)


def _meets(condition: Value, value: Any) -> bool | None:
    """Whether a value (None: absent) meets one condition; None for operators that are not judged here."""
    if isinstance(value, list):
        return any_of(_meets(condition, each) for each in value)
    if isinstance(condition, str | bool | int | float):
        return type(condition) is type(value) and bool(condition == value)
    if not isinstance(condition, dict) or len(condition) != 1:
        return None
    ((name, operand),) = condition.items()
    if name == "exists":
        return (value is not None) is operand if isinstance(operand, bool) else None
    if value is None:
        return False
    judge = _OPERATORS.get(name)
    return judge(value, operand) if judge else None


def _is_anything_but(value: Any, operand: Value) -> bool | None:
    if isinstance(operand, dict):
        met = _meets(operand, value)
        return None if met is None else not met
    return value not in (operand if isinstance(operand, list) else [operand])


def _is_number(value: Any, operand: Value) -> bool | None:
    """[">", 0, "<=", 150]"""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return None
    pairs = list(zip(operand[::2], operand[1::2], strict=True))
    if not all(sign in _SIGNS and isinstance(bound, int | float) for sign, bound in pairs):
        return None
    return all(_SIGNS[sign](value, bound) for sign, bound in pairs)


def _is_in_network(value: Any, operand: Value) -> bool | None:
    try:
        network = ip_network(str(operand), strict=False)
    except ValueError:
        return None
    try:
        return ip_address(str(value)) in network
    except ValueError:
        return False


def _has_text(test: Callable[[str, str], bool]) -> Callable[[Any, Value], bool | None]:
    """Some text, or one of a list of texts."""

    def judge(value: Any, operand: Value) -> bool | None:
        wanted = operand if isinstance(operand, list) else [operand]
        if not all(isinstance(each, str) for each in wanted):
            return None
        return isinstance(value, str) and any(test(value, each) for each in wanted)

    return judge


_SIGNS: dict[Any, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPERATORS: dict[str, Callable[[Any, Value], bool | None]] = {
    "anything-but": _is_anything_but,
    "numeric": _is_number,
    "cidr": _is_in_network,
    "prefix": _has_text(str.startswith),
    "suffix": _has_text(str.endswith),
    "equals-ignore-case": _has_text(lambda value, operand: value.lower() == operand.lower()),
}
"""https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html and numeric-value-matching.html beside it"""
