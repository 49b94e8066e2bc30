"""How many of the events that somebody keeps would be refused by a changed schema. No body is ever shown."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanout.contracts import roles
from fanout.contracts.claimed import claim_problem, schema_for
from fanout.contracts.contract import Contracts
from fanout.contracts.validator import problem_finder

OTHER = "what is no type"


@dataclass
class Archive:
    """Of one type. `refused` counts by rule, such as "data.shop_id must match pattern ..."; `newly_refused`: events that
    the older schema took."""

    events: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    newly_refused: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {"events": self.events, "refused": dict(self.refused), "newly_refused": self.newly_refused}


@dataclass
class Archives:
    """By type; `unreadable` files are none, or hold no JSON object with a `type`; `unknown` types have no newer schema."""

    by_type: dict[str, Archive] = field(default_factory=dict)
    unreadable: int = 0
    unknown: Counter[str] = field(default_factory=Counter)


def read_archive(folder: Path, before: Contracts, after: Contracts) -> Archives:
    """Every *.json in `folder` and below, one event each, as a task reads it: without formats."""
    found = Archives()
    for path in _files(folder):
        event = _event(path)
        if event is None:
            found.unreadable += 1
        elif event["type"] not in after.by_type:
            found.unknown[event["type"] if roles.is_type(event["type"]) else OTHER] += 1
        else:
            _count(event, found.by_type.setdefault(event["type"], Archive()), before, after)
    return found


def _count(event: dict[str, Any], archive: Archive, before: Contracts, after: Contracts) -> None:
    archive.events += 1
    problem = _problem(event, after)
    if problem is None:
        return
    archive.refused[problem] += 1
    archive.newly_refused += event["type"] in before.by_type and _problem(event, before) is None


def _problem(event: dict[str, Any], contracts: Contracts) -> str | None:
    schema = schema_for(event, contracts[event["type"]].schema)
    return claim_problem(event) or problem_finder(schema, formats=False)(event)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(root, name) for name in sorted(files) if name.endswith(".json"))


def _event(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("type"), str) else None
