"""What a synth wrote beside this code: the type of event, where its parts go, and the definitions that people fill in."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fanout.intake.definition import Definition

FILE = "intake.json"


@dataclass(frozen=True)
class Config:
    """`paths` says where in the event's data the group, the reference and the answers stand, by these words, and the subject
    where people are indexed; dotted paths."""

    type: str
    source: str
    """Of events, before the name of their definition."""
    paths: Mapping[str, str]
    attributes: Mapping[str, str]
    """The dotted path in the event that each message attribute repeats, by its name."""
    definitions: Mapping[str, Definition]


def load(path: Path | None = None) -> Config:
    return _load(path or Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / FILE)


@cache
def _load(path: Path) -> Config:
    return read(json.loads(path.read_text("utf-8")))


def read(written: Mapping[str, Any]) -> Config:
    definitions = {name: Definition(name, schema) for name, schema in written["definitions"].items()}
    return Config(written["type"], written["source"], written["paths"], written["attributes"], definitions)
