"""The contract between the form services that publish events and the tasks that read them."""

import json
from pathlib import Path
from typing import Any, Final, cast

from fanout import names
from fanout.project import find_root

TYPE: Final = "form.submitted.v1"
SCHEMA_PATH: Final = find_root() / "contracts" / "form_submitted.v1.schema.json"
EXAMPLES: Final = find_root() / "contracts" / "examples"

HEARTBEAT_TYPE: Final = names.HEARTBEAT_TYPE
HEARTBEAT: Final = Path(__file__).parent / "heartbeat"
"""A folder of its own: what a form service publishes is the one schema beside this file."""
HEARTBEAT_SCHEMA_PATH: Final = HEARTBEAT / "form_heartbeat.v1.schema.json"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of an event, a CloudEvents 1.0 JSON object."""
    return _json(SCHEMA_PATH)


def heartbeat_schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a heartbeat, which our own schedule publishes and no form service does."""
    return _json(HEARTBEAT_SCHEMA_PATH)


def heartbeat_example() -> str:
    """The body of a heartbeat."""
    return (HEARTBEAT / "example.json").read_text("utf-8")


def valid_examples() -> dict[str, str]:
    """Bodies every task understands, by name; all data is made up."""
    return _bodies("valid")


def invalid_examples() -> dict[str, str]:
    """Bodies every task refuses, by the way they are wrong."""
    return _bodies("invalid")


def _json(path: Path) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(path.read_text("utf-8")))


def _bodies(kind: str) -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in sorted((EXAMPLES / kind).glob("*.json"))}
