"""Templates that are deployed together: imports of one lead to exports of another, and parents give nested stacks their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fanout.template.intrinsics import resolve
from fanout.template.outputs import is_export
from fanout.template.template import NESTED, Linked, Template
from fanout.template.values import UNKNOWN, Value


def link(templates: Iterable[Template]) -> list[Template]:
    """Templates that are deployed together: imports of one lead to exports of another, of its own stage where several have them."""
    linked = list(templates)
    together = Linked(linked)
    for template in linked:
        template.linked = together
        template.forget()
    _pass_parameters(linked)
    exports: dict[str, list[tuple[Path | None, Value]]] = {}
    for template in linked:
        for name, value in _exports_of(template).items():
            exports.setdefault(name, []).append((_folder(template), value))
    seen = {folder: _seen_from(folder, exports) for folder in {_folder(each) for each in linked}}
    for template in linked:
        template.imports = seen[_folder(template)]
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


def _seen_from(folder: Path | None, exports: Mapping[str, list[tuple[Path | None, Value]]]) -> dict[str, Value]:
    """Of each name its export in this folder, which is a stage's, before one elsewhere; none where it could be one of several."""
    found = {}
    for name, each in exports.items():
        values = [value for where, value in each if where == folder] or [value for _, value in each]
        if len(values) == 1:
            found[name] = values[0]
    return found


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
