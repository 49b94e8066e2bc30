"""Templates that are deployed together: imports of one lead to exports of another, and parents give nested stacks their parameters."""

from __future__ import annotations

from collections.abc import Iterable

from fanout.template.intrinsics import resolve
from fanout.template.outputs import is_export
from fanout.template.template import NESTED, Linked, Template
from fanout.template.values import UNKNOWN, Value


def link(templates: Iterable[Template]) -> list[Template]:
    """Templates that are deployed together: imports of one lead to exports of another."""
    linked = list(templates)
    together = Linked(linked)
    for template in linked:
        template.linked = together
        template.forget()
    _pass_parameters(linked)
    exports: dict[str, Value] = {}
    for template in linked:
        for output_id, output in template.outputs.items():
            if isinstance(output, dict) and "Value" in output:
                exports[f"{template.name}.{output_id}"] = resolve(template, output["Value"])
            if is_export(output):
                name = resolve(template, output["Export"]["Name"])
                if isinstance(name, str):
                    exports[name] = resolve(template, output["Value"])
    for template in linked:
        template.imports = exports
    return linked


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
