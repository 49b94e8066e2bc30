"""Two apps that own a contract, with the package that is generated for each."""

import importlib
import json
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from fanout.contracts.contract import Contracts, load
from fanout.contracts.generate import write
from fanout.runtime.event import Event, parse

HERE = Path(__file__).parent / "schemas"
ORDERS = load(HERE / "order")
FORMS = load(HERE / "form")


@cache
def package(contracts_folder: Path, name: str) -> ModuleType:
    """The generated package, under a name of its own, as a process holds one `events`."""
    folder = Path(tempfile.mkdtemp())
    write(load(contracts_folder), folder / name)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    return importlib.import_module(name)


OrderPlaced: Any = package(HERE / "order", "order_events").OrderPlaced
FormSubmitted: Any = package(HERE / "form", "form_events").FormSubmitted
APPS: list[tuple[Contracts, type[Event]]] = [(ORDERS, OrderPlaced), (FORMS, FormSubmitted)]


def order(**changes: Any) -> dict[str, Any]:
    return {**json.loads(ORDERS.valid["two_articles"]), **changes}


def read(body: str, event_class: Any) -> Any:
    """The event of a body that is one."""
    event = parse(body, event_class)
    assert isinstance(event, event_class)
    return event


def schema(data: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """That of orders, with other data."""
    found: dict[str, Any] = json.loads(json.dumps(ORDERS["order.placed.v1"].schema))
    if data is not None:
        found["properties"]["data"] = {"type": "object", **data}
    return {**found, **changes}


def put(folder: Path, *schemas: Any) -> Path:
    """A folder of contracts; a text is written as it is."""
    for place, each in enumerate(schemas):
        (folder / f"{place}.schema.json").write_text(each if isinstance(each, str) else json.dumps(each), "utf-8")
    return folder
