"""Resources of which a comparison has nothing to say: by far most of two revisions."""

from __future__ import annotations

from typing import Any

from fanout.template.alike import is_alike
from fanout.template.template import Template
from fanout.template.values import shown


def unchanged(old: Template, new: Template) -> set[str]:
    """Logical ids of those that are written alike and mean the same: what they refer to comes and goes with neither."""
    if _around(old) != _around(new):
        return set()
    moved = (old.resources.keys() ^ new.resources.keys()) | (old.switched_off.keys() ^ new.switched_off.keys())
    return {
        logical_id
        for logical_id, before in old.resources.items()
        if logical_id in new.resources
        and is_alike(before.body, new.resources[logical_id].body)
        and (not moved or moved.isdisjoint(before.refers_to))
    }


def _around(template: Template) -> Any:
    """What a resource is read beside: parameters, conditions, mappings, imports, and what only the deployment knows."""
    sections = {name: each for name, each in template.body.items() if name != "Resources"}
    imports = {name: shown(each) for name, each in template.imports.items()}
    return sections, imports, template.given, template.macros, template.expansion.loops
