"""What is published: the JSON Schema of an event, examples of it, and the attributes it is published with.

Filters can only be judged against it. Rules read it as data: any schema will do, not only this project's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ATTRIBUTES = {"type": "type", "form_id": "data.form_id"}
"""Message attributes by name, and the field of the event each repeats (DESIGN.md, "The life of an event")."""


class ContractError(ValueError):
    """A contract that cannot be read; one line."""


@dataclass(frozen=True)
class Contract:
    """`attributes` gives for each message attribute the dotted path of the field whose value it repeats."""

    schema: dict[str, Any]
    examples: tuple[dict[str, Any], ...] = ()
    attributes: dict[str, str] = field(default_factory=lambda: dict(ATTRIBUTES))

    def attribute_values(self, example: dict[str, Any]) -> dict[str, Any]:
        """The attributes that `example` is published with."""
        found = {name: value_at(example, path) for name, path in self.attributes.items()}
        return {name: value for name, value in found.items() if value is not None}

    def body_schema(self, path: str) -> dict[str, Any] | None:
        """The schema of the field at a dotted path; None when the schema does not name it."""
        found: Any = self.schema
        for key in path.split("."):
            properties = found.get("properties") if isinstance(found, dict) else None
            if not isinstance(properties, dict) or key not in properties:
                return None
            found = properties[key]
        return found if isinstance(found, dict) else {}

    def is_open_at(self, path: str) -> bool:
        """Whether an object on the way to `path` names no fields, so that it may hold any."""
        found: Any = self.schema
        for key in path.split("."):
            properties = found.get("properties") if isinstance(found, dict) else None
            if not isinstance(properties, dict):
                return isinstance(found, dict) and found.get("type") in ("object", None)
            if key not in properties:
                return False
            found = properties[key]
        return False


def value_at(example: Any, path: str) -> Any:
    """The value at a dotted path; None when it is not there."""
    for key in path.split("."):
        example = example.get(key) if isinstance(example, dict) else None
    return example


def load_contract(folder: Path) -> Contract:
    """The one `*.schema.json` in a folder, with the valid examples in `examples/valid/`."""
    schemas = sorted(folder.glob("*.schema.json"))
    if len(schemas) != 1:
        raise ContractError(f"contract {folder}: expected one *.schema.json in it, found {len(schemas)}")
    bodies = [_json(path) for path in sorted(folder.glob("examples/valid/*.json"))]
    schema = _json(schemas[0])
    if not isinstance(schema, dict):
        raise ContractError(f"contract {schemas[0]}: expected a JSON object")
    return Contract(schema, tuple(each for each in bodies if isinstance(each, dict)))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ContractError(f"contract {path}: {error}") from None
