"""Resolves CloudFormation's intrinsic functions as far as a template allows.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fanout.template.nested import PLAIN
from fanout.template.values import UNKNOWN, External, Missing, Referable, Reference, Text, Value, joined


class Lookup(Protocol):
    """What resolving asks of a template."""

    @property
    def resources(self) -> Mapping[str, Referable]: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def mappings(self) -> Mapping[str, Any]: ...
    @property
    def imports(self) -> Mapping[str, Value]: ...
    @property
    def conditions(self) -> Mapping[str, bool | None]: ...
    @property
    def given(self) -> Mapping[str, Value]: ...
    def may_have(self, logical_id: str) -> bool: ...


DEEPEST = 60
"""Levels of nesting that are looked at. Real templates have about 15."""
_DROP = object()
_VARIABLE = re.compile(r"\$\{(!?)([^${}]*)\}")


def resolve(template: Lookup, node: Any, depth: int = 0) -> Value:
    """`node` with literals, references and `UNKNOWN` in the place of its intrinsic functions."""
    value = _resolve(template, node, depth)
    return None if value is _DROP else value


def _resolve(template: Lookup, node: Any, depth: int) -> Any:
    if node.__class__ in PLAIN or isinstance(node, (str, int, float)):
        return node
    if depth > DEEPEST:
        return UNKNOWN
    if isinstance(node, list):
        items = (item if item.__class__ in PLAIN else _resolve(template, item, depth + 1) for item in node)
        return [item for item in items if item is not _DROP]
    if not isinstance(node, dict):
        return UNKNOWN
    if len(node) == 1:
        ((name, argument),) = node.items()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](template, argument, depth + 1)
        if isinstance(name, str) and name.startswith("Fn::"):
            return UNKNOWN
    return {
        str(key): resolved
        for key, item in node.items()
        if (resolved := item if item.__class__ in PLAIN else _resolve(template, item, depth + 1)) is not _DROP
    }


def _ref(template: Lookup, argument: Any, depth: int) -> Any:
    if not isinstance(argument, str):
        return UNKNOWN
    if argument == "AWS::NoValue":
        return _DROP
    if argument in template.given:
        return _split_list(template, argument, template.given[argument])
    if argument.startswith("AWS::"):
        return External(argument)
    if argument in template.resources:
        return Reference(template.resources[argument], "Ref")
    if argument in template.parameters:
        return _parameter(template, argument)
    return UNKNOWN if template.may_have(argument) else Missing(argument)


def _parameter(template: Lookup, name: str) -> Value:
    """A parameter's default is what is deployed unless somebody says otherwise; without one only its identity is known."""
    declaration = template.parameters[name]
    default = declaration.get("Default") if isinstance(declaration, dict) else None
    kind = str(declaration.get("Type", "")) if isinstance(declaration, dict) else ""
    if kind.startswith("AWS::SSM::") or default in (None, "") or not isinstance(default, str | int | float):
        return External(f"parameter {name}")
    return _split_list(template, name, default)


def _split_list(template: Lookup, name: str, value: Value) -> Value:
    declaration = template.parameters.get(name)
    kind = str(declaration.get("Type", "")) if isinstance(declaration, dict) else ""
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    return [each.strip() for each in value.split(",")] if is_list and isinstance(value, str) else value


def _get_att(template: Lookup, argument: Any, depth: int) -> Value:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not isinstance(argument, list) or len(argument) != 2 or not all(isinstance(part, str) for part in argument):
        return UNKNOWN
    logical_id, attribute = argument
    if logical_id in template.resources:
        return Reference(template.resources[logical_id], attribute)
    return UNKNOWN if template.may_have(logical_id) else Missing(logical_id)


def _sub(template: Lookup, argument: Any, depth: int) -> Value:
    text, variables = (
        (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    )
    if not isinstance(text, str) or not isinstance(variables, dict):
        return UNKNOWN
    parts: list[Value] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        escaped, name = match.group(1), match.group(2).strip()
        if escaped:
            parts.append("${" + name + "}")
        elif name in variables:
            parts.append(resolve(template, variables[name], depth + 1))
        elif "." in name:
            parts.append(_get_att(template, name, depth))
        else:
            parts.append(resolve(template, {"Ref": name}, depth + 1))
    return joined([*parts, text[end:]])


def _join(template: Lookup, argument: Any, depth: int) -> Value:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        return UNKNOWN
    items = resolve(template, argument[1], depth)
    if not isinstance(items, list):
        return UNKNOWN
    parts: list[Value] = []
    for number, item in enumerate(items):
        parts += [argument[0], item] if number else [item]
    return joined(parts)


def _split(template: Lookup, argument: Any, depth: int) -> Value:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
        return UNKNOWN
    text = resolve(template, argument[1], depth)
    return text.split(argument[0]) if isinstance(text, str) else UNKNOWN


def _select(template: Lookup, argument: Any, depth: int) -> Value:
    if not isinstance(argument, list) or len(argument) != 2 or not str(argument[0]).isdecimal():
        return UNKNOWN
    index, source = int(str(argument[0])[:6]), argument[1]
    items = resolve(template, source, depth)
    if isinstance(items, list):
        return items[index] if index < len(items) else UNKNOWN
    return _piece_of_arn(template, source, index, depth)


def _piece_of_arn(template: Lookup, source: Any, index: int, depth: int) -> Value:
    """A piece of an ARN that is not known still belongs to one resource: CDK takes the name of a queue so."""
    split = source.get("Fn::Split") if isinstance(source, dict) else None
    if not isinstance(split, list) or len(split) != 2 or split[0] != ":" or index < 5:
        return UNKNOWN
    whole = resolve(template, split[1], depth)
    if isinstance(whole, Reference):
        return Reference(whole.resource, f"{whole.attribute}[{index}]")
    return External(f"{whole.name}[{index}]") if isinstance(whole, External) else UNKNOWN


def _if(template: Lookup, argument: Any, depth: int) -> Any:
    """Known when the parameters decide the condition, or when both ways are the same."""
    if not isinstance(argument, list) or len(argument) != 3:
        return UNKNOWN
    way = template.conditions.get(argument[0]) if isinstance(argument[0], str) else None
    if way is not None:
        return _resolve(template, argument[1 if way else 2], depth)
    yes, no = (_resolve(template, branch, depth) for branch in argument[1:])
    return yes if yes is no or (yes is not _DROP and no is not _DROP and yes == no) else UNKNOWN


def _import_value(template: Lookup, argument: Any, depth: int) -> Value:
    name = resolve(template, argument, depth)
    if isinstance(name, str) and name in template.imports:
        return template.imports[name]
    return External(f"import {name}") if isinstance(name, str | Text | External) else UNKNOWN


def _stack_output(template: Lookup, argument: Any, depth: int) -> Value:
    """CDK's weak references between stacks."""
    named = resolve(template, argument, depth)
    if not isinstance(named, dict):
        return UNKNOWN
    key, region = f"{named.get('StackName')}.{named.get('OutputName')}", named.get("Region")
    if isinstance(region, str) and any(each.startswith(f"{key}@") for each in template.imports):
        key = f"{key}@{region}"
    return template.imports.get(key, External(f"output {key}"))


def _find_in_map(template: Lookup, argument: Any, depth: int) -> Value:
    keys = resolve(template, argument, depth)
    if not isinstance(keys, list) or len(keys) != 3:
        return UNKNOWN
    found: Any = template.mappings
    for key in keys:
        if not isinstance(found, dict) or not isinstance(key, str) or key not in found:
            return UNKNOWN
        found = found[key]
    return found


_FUNCTIONS: dict[str, Callable[[Lookup, Any, int], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::GetStackOutput": _stack_output,
    "Fn::FindInMap": _find_in_map,
    "Fn::ToJsonString": _resolve,
}
