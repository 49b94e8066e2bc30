"""Templates that are deployed together: imports of one lead to exports of another, and parents give nested stacks their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fanout.template.intrinsics import resolve
from fanout.template.outputs import is_export
from fanout.template.template import NESTED, Linked, Template
from fanout.template.values import UNKNOWN, Value


@dataclass(frozen=True)
class _Export:
    stack: str
    folder: Path | None
    environment: dict[str, str]
    value: Value


def link(templates: Iterable[Template]) -> list[Template]:
    """Templates that are deployed together: imports of one lead to exports of another, of its own stage, account and Region where
    several have them."""
    linked = list(templates)
    together = Linked(linked)
    for template in linked:
        template.linked = together
        template.forget()
    _pass_parameters(linked)
    exports: dict[str, list[_Export]] = {}
    for template in linked:
        folder, environment = _folder(template), template.environment
        for name, value in _exports_of(template).items():
            exports.setdefault(name, []).append(_Export(template.name, folder, environment, value))
    placed = {key: value for name, every in exports.items() for key, value in _by_region(name, every).items()}
    seen: dict[object, tuple[dict[str, Value], dict[str, list[str]]]] = {}
    for template in linked:
        folder, environment = _folder(template), template.environment
        where = (folder, *sorted(environment.items()))
        if where not in seen:
            found, several = _seen_from(folder, environment, exports)
            seen[where] = placed | found, several
        template.imports, template.of_several = seen[where]
    return linked


def _exports_of(template: Template) -> dict[str, Value]:
    """What others may use, by the name they use it by."""
    found: dict[str, Value] = {}
    for output_id, output in template.outputs.items():
        if isinstance(output, dict) and "Value" in output:
            found[f"{template.name}.{output_id}"] = resolve(template, output["Value"])
        if is_export(output):
            name = resolve(template, output["Export"]["Name"])
            if isinstance(name, str):
                found[name] = resolve(template, output["Value"])
    return found


def _seen_from(
    folder: Path | None, environment: dict[str, str], exports: Mapping[str, list[_Export]]
) -> tuple[dict[str, Value], dict[str, list[str]]]:
    """Of each name its export in this folder, which is a stage's, and in this account and Region, before one elsewhere; and the
    stacks of each name that could be one of several."""
    found, several = {}, {}
    for name, every in exports.items():
        near = [each for each in every if each.folder == folder] or every
        near = [each for each in near if each.environment == environment] or near
        if len(near) == 1:
            found[name] = near[0].value
        else:
            several[name] = sorted(each.stack for each in near)
    return found, several


def _by_region(name: str, every: list[_Export]) -> dict[str, Value]:
    """As an output is asked for whose Region is said: one of each that is known."""
    there: dict[str, list[Value]] = {}
    for each in every:
        if region := each.environment.get("AWS::Region"):
            there.setdefault(region, []).append(each.value)
    return {f"{name}@{region}": values[0] for region, values in there.items() if len(values) == 1}


def _folder(template: Template) -> Path | None:
    return template.file.parent if template.file else None


def _pass_parameters(linked: list[Template]) -> None:
    """To nested stacks, from what stands in their parents, outermost first: a child of a child gets what its parent got."""
    children = {id(child) for each in linked for stack in each.of(NESTED) if (child := each.child_of(stack))}
    waiting, passed = [each for each in linked if id(each) not in children], set[int]()
    while waiting:
        parent = waiting.pop()
        for stack in parent.of(NESTED):
            child = parent.child_of(stack)
            given = stack.get("Parameters")
            if child is not None and id(child) not in passed and isinstance(given, dict):
                passed.add(id(child))
                child.given_by = stack
                child.give({name: each for name, each in given.items() if each is not UNKNOWN})
                waiting.append(child)
