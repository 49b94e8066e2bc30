"""Where a topic carries several types, a task's annotation says which it takes."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.constructs.event_types import types_taken
from fanout.errors import ConfigurationError

TYPES = ("order.placed.v1", "order.placed.v2", "order.cancelled.v1")
END = "\nhandle = handler_of(sync_crm)\n"


def app(folder: Path, handler: str, *types: str) -> Path:
    (folder / "contracts").mkdir()
    for type_ in types:
        schema: dict[str, Any] = {"properties": {"type": {"const": type_}}}
        (folder / "contracts" / f"{type_}.schema.json").write_text(json.dumps(schema))
    (folder / "lambdas" / "sync_crm").mkdir(parents=True)
    (folder / "lambdas" / "sync_crm" / "handler.py").write_text(handler)
    return folder


@pytest.mark.parametrize(
    ("handler", "taken"),
    [
        ("def sync_crm(order: OrderPlaced): ...", ("order.placed.v1",)),
        ("def sync_crm(order: events.OrderCancelled): ...", ("order.cancelled.v1",)),
        ("def sync_crm(order: 'OrderPlacedV2'): ...", ("order.placed.v2",)),
        ("def sync_crm(order: OrderPlaced | OrderCancelled): ...", ("order.cancelled.v1", "order.placed.v1")),
        ("def sync_crm(order: Union[OrderPlaced, 'OrderPlacedV2']): ...", ("order.placed.v1", "order.placed.v2")),
        ("from events import OrderPlaced as Placed\ndef sync_crm(order: Placed): ...", ("order.placed.v1",)),
        ("def other(order: OrderCancelled): ...\ndef sync_crm(order: OrderPlaced): ...", ("order.placed.v1",)),
        ("def sync_crm(order: OrderPlaced | OrderCancelled | OrderPlacedV2): ...", ()),
    ],
)
def test_the_annotation_says_it(handler: str, taken: tuple[str, ...], tmp_path: Path) -> None:
    assert types_taken(app(tmp_path, handler + END, *TYPES), "sync_crm") == taken


@pytest.mark.parametrize("types", [(), TYPES[:1]])
def test_with_one_type_nothing_is_asked(types: tuple[str, ...], tmp_path: Path) -> None:
    assert types_taken(app(tmp_path, "def sync_crm(order): ..." + END, *types), "sync_crm") == ()


@pytest.mark.parametrize(
    "handler",
    [
        "def sync_crm(order): ...",
        "def sync_crm(): ...",
        "def sync_crm(order: Event): ...",
        "from elsewhere import sync_crm",
        "def other(order: OrderPlaced): ...",
    ],
)
def test_a_handler_that_does_not_say_is_one_line(handler: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="it does not say which events it takes: annotate") as caught:
        types_taken(app(tmp_path, handler + END, *TYPES), "sync_crm")
    assert "OrderCancelled, OrderPlaced, OrderPlacedV2" in str(caught.value) and "\n" not in str(caught.value)


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    root = app(tmp_path, "def sync_crm(", *TYPES)
    with pytest.raises(ConfigurationError, match="handler.py: it is no Python"):
        types_taken(root, "sync_crm")
    (root / "contracts" / "broken.schema.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"broken.schema.json: it cannot be read \(JSONDecodeError\)"):
        types_taken(root, "sync_crm")
