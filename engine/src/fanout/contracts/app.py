"""The contracts of the app that the working directory is in, and those of the engine itself: the heartbeat's."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from fanout.contracts.contract import Contracts, load
from fanout.project import find_root

HEARTBEAT: Final = Path(__file__).parent / "heartbeat"
"""Schema and example of what the engine itself publishes."""
HEARTBEAT_SCHEMA_PATH: Final = HEARTBEAT / "fanout_heartbeat.v1.schema.json"


def app_contracts() -> Contracts:
    """What `contracts/` of the app holds; read once. Raises ContractError."""
    return _loaded(find_root() / "contracts")


def known_contracts() -> Contracts:
    """The same for what is of use without them too, as to an operator who is in no app's folder: none are known there."""
    return _known(os.getcwd())


@cache
def _known(here: str) -> Contracts:
    folder = find_root(Path(here)) / "contracts"
    return _loaded(folder) if folder.is_dir() else Contracts({})


_loaded = cache(load)


def heartbeat_schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a heartbeat, which the stack's own schedule publishes."""
    return cast(dict[str, Any], json.loads(HEARTBEAT_SCHEMA_PATH.read_text("utf-8")))


def heartbeat_example() -> str:
    """The body of a heartbeat."""
    return (HEARTBEAT / "example.json").read_text("utf-8")
