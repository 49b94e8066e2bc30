"""The contracts of the app that the working directory is in, and those of the engine itself: the heartbeat's."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from fanout.contracts.contract import Contracts, load
from fanout.project import find_root

HEARTBEAT: Final = Path(__file__).parent / "heartbeat"
"""Schema and example of what the engine itself publishes."""
HEARTBEAT_SCHEMA_PATH: Final = HEARTBEAT / "fanout_heartbeat.v1.schema.json"


@cache
def app_contracts() -> Contracts:
    """What `contracts/` of the app holds; read once, as it is asked for each event. Raises ContractError."""
    return load(find_root() / "contracts")


@cache
def known_contracts() -> Contracts:
    """The same for what is of use without them too, as to an operator who is in no app's folder: none are known there."""
    return app_contracts() if (find_root() / "contracts").is_dir() else Contracts({})


def heartbeat_schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a heartbeat, which the stack's own schedule publishes."""
    return cast(dict[str, Any], json.loads(HEARTBEAT_SCHEMA_PATH.read_text("utf-8")))


def heartbeat_example() -> str:
    """The body of a heartbeat."""
    return (HEARTBEAT / "example.json").read_text("utf-8")
