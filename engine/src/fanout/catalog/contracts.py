"""The messages of contracts/: every *.schema.json there and below, its examples, and the attributes that repeat its fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fanout.contracts.contract import Contract
from fanout.errors import ContractError


@dataclass(frozen=True)
class Message:
    """One type of message. `name` is the value of its `type`."""

    name: str
    schema: dict[str, Any]
    examples: dict[str, Any]
    is_internal: bool = False
    """Published by the stack itself, not by a publisher: its schema is in a folder of its own."""

    @property
    def contract(self) -> Contract:
        return Contract(self.schema, tuple(self.examples.values()))

    @property
    def summary(self) -> str:
        """The first sentence of the schema's description."""
        text = str(self.schema.get("description", self.name))
        return text.partition(". ")[0].partition(" (")[0].rstrip(".") + "."

    @property
    def attributes(self) -> dict[str, Any]:
        """A schema of the message's SNS attributes: strings that repeat fields of the body, for filters."""
        fields = {name: self.contract.body_schema(path) for name, path in self.contract.attributes.items()}
        known = {name: {"type": "string", **schema} for name, schema in fields.items() if schema is not None}
        return {"type": "object", "required": [*known], "properties": known}


def messages(folder: Path, *, internal: Path | None = None) -> list[Message]:
    """By name, each with its first example: one whose `type` it has. Raises ContractError, one line."""
    files = [*folder.rglob("*.json"), *(internal.rglob("*.json") if internal else ())]
    read = {path: _json(path) for path in sorted(files) if path.name.endswith(".schema.json")}
    others = sorted(path for path in files if path not in read and path.parent.name != "invalid")
    schemas = {path: each for path, each in read.items() if path.parent in (folder, internal) or _names_a_type(each)}
    examples = {path.stem: _json(path) for path in others}
    found = []
    for path, schema in schemas.items():
        type_ = (Contract(schema).body_schema("type") or {}).get("const", schema.get("title", path.stem))
        own = [(key, each) for key, each in examples.items() if each.get("type") == type_]
        found.append(Message(str(type_), schema, dict(own[:1]), is_internal=path.parent != folder))
    return sorted(found, key=lambda each: (each.is_internal, each.name))


def _names_a_type(schema: dict[str, Any]) -> bool:
    """What an intake asks people for is described in a folder below, and is no message."""
    return "const" in (Contract(schema).body_schema("type") or {})


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"contract {path}: {error}") from None
    if not isinstance(found, dict):
        raise ContractError(f"contract {path}: expected a JSON object")
    return found
