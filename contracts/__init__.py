"""The contract between the form services that publish events and the tasks that read them."""

import json
from pathlib import Path
from typing import Any, Final, cast

TYPE: Final = "form.submitted.v1"
SCHEMA_PATH: Final = Path(__file__).parent / "form_submitted.v1.schema.json"
EXAMPLES: Final = Path(__file__).parent / "examples"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of an event, a CloudEvents 1.0 JSON object."""
    return cast(dict[str, Any], json.loads(SCHEMA_PATH.read_text("utf-8")))


def valid_examples() -> dict[str, str]:
    """Bodies every task understands, by name; all data is made up."""
    return _bodies("valid")


def invalid_examples() -> dict[str, str]:
    """Bodies every task refuses, by the way they are wrong."""
    return _bodies("invalid")


def _bodies(kind: str) -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in sorted((EXAMPLES / kind).glob("*.json"))}
