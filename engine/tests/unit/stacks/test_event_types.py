"""Where a topic carries several types, a task's annotation says which it takes."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.constructs.event_types import Types, types_got
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


def got(root: Path, **asked: Any) -> Types:
    return types_got("subscriber Sync", root, "sync_crm", **asked)


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
    assert got(app(tmp_path, handler + END, *TYPES)).values == taken


@pytest.mark.parametrize("types", [(), TYPES[:1]])
def test_with_one_type_nothing_is_asked(types: tuple[str, ...], tmp_path: Path) -> None:
    assert got(app(tmp_path, "def sync_crm(order): ..." + END, *types)) == Types()


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
        got(app(tmp_path, handler + END, *TYPES))
    assert "OrderCancelled, OrderPlaced, OrderPlacedV2" in str(caught.value) and "\n" not in str(caught.value)


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    root = app(tmp_path, "def sync_crm(", *TYPES)
    with pytest.raises(ConfigurationError, match="handler.py: it is no Python"):
        got(root)
    (root / "contracts" / "broken.schema.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"broken.schema.json: it cannot be read \(JSONDecodeError\)"):
        got(root)


SEVERAL = "def placed(order: OrderPlaced): ...\n{}\nhandle = handler_of(placed, cancelled)\n"


def test_of_several_functions_each_says_what_it_takes(tmp_path: Path) -> None:
    handler = SEVERAL.format("def cancelled(order: OrderCancelled): ...")
    assert got(app(tmp_path, handler, *TYPES)).got == ("order.cancelled.v1", "order.placed.v1")


@pytest.mark.parametrize("types", [TYPES, TYPES[:1]])
@pytest.mark.parametrize(
    ("other", "line"),
    [
        ("def cancelled(order: OrderPlaced): ...", "placed and cancelled both take order.placed.v1: let one function take it"),
        ("def cancelled(order): ...", "cancelled does not say which events it takes: annotate its parameter with one of "),
    ],
)  # fmt: skip
def test_two_functions_for_one_type_or_none_are_one_line(
    other: str, line: str, types: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=f"handler.py: {line}") as caught:
        got(app(tmp_path, SEVERAL.format(other), *types))
    assert "\n" not in str(caught.value)


UPCAST = "from events import OrderPlaced\n\ndef order_placed_v2(old: OrderPlaced) -> dict: ...\n"
TO_V3 = "from events import OrderPlacedV2 as Old\n\ndef order_placed_v3(old: Old) -> dict: ...\n"
V2 = "def sync_crm(order: OrderPlacedV2): ..." + END
V3 = "def sync_crm(order: OrderPlacedV3): ..." + END


def test_what_upcasts_lead_to_is_taken_too(tmp_path: Path) -> None:
    root = app(tmp_path, V2, *TYPES)
    assert got(root).got == ("order.placed.v2",)
    (root / "lambdas" / "upcasts.py").write_text(UPCAST + "\ndef _inner(x): ...\n")
    assert got(root).got == ("order.placed.v1", "order.placed.v2")
    assert got(root, handles=["order.placed.v2"]) == Types(("order.placed.v2",), ("order.placed.v2",))


def test_a_chain_of_upcasts_is_followed(tmp_path: Path) -> None:
    root = app(tmp_path, V3, *TYPES[:2], "order.placed.v3")
    (root / "lambdas" / "upcasts.py").write_text(UPCAST + TO_V3)
    assert got(root) == Types(("order.placed.v1", "order.placed.v2", "order.placed.v3"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def order_paid_v2(old: OrderPlaced): ...", "order_paid_v2 is the module of no type: call an upcast after"),
        ("def order_placed_v2(old): ...", "order_placed_v2 does not say which event it reads: annotate its parameter"),
        ("def order_placed_v2(old: OrderPlacedV2): ...", "order_placed_v2 does not say which event it reads"),
        ("def order_placed_v2(old: OrderPlaced | OrderCancelled): ...", "order_placed_v2 does not say which event"),
        ("def order_placed_v2(", "it is no Python"),
    ],
)
def test_an_upcast_that_cannot_be_is_one_line(text: str, line: str, tmp_path: Path) -> None:
    root = app(tmp_path, V2, *TYPES)
    (root / "lambdas" / "upcasts.py").write_text(text)
    with pytest.raises(ConfigurationError, match=f"upcasts.py: {line}") as caught:
        got(root)
    assert "\n" not in str(caught.value)


def test_upcasts_are_judged_with_one_type_left_too(tmp_path: Path) -> None:
    root = app(tmp_path, V2, TYPES[1])
    (root / "lambdas" / "upcasts.py").write_text("def _inner(x): ...")
    assert got(root) == Types()
    (root / "lambdas" / "upcasts.py").write_text(UPCAST)
    with pytest.raises(
        ConfigurationError, match="order_placed_v2 does not say which event it reads: no other type has"
    ):
        got(root)


PLACED = "def sync_crm(order: OrderPlaced | OrderCancelled): ..." + END


@pytest.mark.parametrize(
    ("asked", "types"),
    [
        ({"handles": ("order.placed.v1",)}, Types(("order.placed.v1",), ("order.placed.v1",))),
        ({"carried": ("order.placed.v1",)}, Types(("order.placed.v1",))),
        ({"carried": ("order.placed.v1", "order.placed.v2")}, Types(("order.placed.v1",), ("order.placed.v1",))),
        ({"carried": TYPES[::2], "handles": TYPES[:1]}, Types(("order.placed.v1",), ("order.placed.v1",))),
    ],
)
def test_handles_and_the_topics_types_are_what_comes(asked: dict[str, Any], types: Types, tmp_path: Path) -> None:
    assert got(app(tmp_path, PLACED, *TYPES), **asked) == types


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            {"handles": ("order.placed.v9",)},
            "handles has order.placed.v9, which has no schema in contracts/: it has order.cancelled.v1, order.placed.v1,"
            " order.placed.v2",
        ),
        (
            {"handles": ("order.placed.v2",)},
            "handles has order.placed.v2, and task sync_crm reads order.cancelled.v1, order.placed.v1: annotate a function"
            " of it with the class, or add an upcast to lambdas/upcasts.py",
        ),
        (
            {"handles": ("order.placed.v1",), "carried": ("order.placed.v2",)},
            "handles has order.placed.v1, and its topic carries order.placed.v2: choose of those",
        ),
        (
            {"carried": ("order.placed.v2",)},
            "its topic carries order.placed.v2, and task sync_crm reads order.cancelled.v1, order.placed.v1: give it a task"
            " or a topic for the other",
        ),
        ({"handles": "order.placed.v1"}, "handles is 'order.placed.v1': expected types of events, such as ('order.placed.v1',)"),
        ({"handles": 5}, "handles is 5: expected types of events, such as ('order.placed.v1',)"),
        ({"handles": [["a"]]}, "handles is [['a']]: expected types of events, such as ('order.placed.v1',)"),
        ({"handles": ()}, "handles is (): expected types of events, such as ('order.placed.v1',)"),
    ],
)  # fmt: skip
def test_what_a_subscriber_cannot_get_is_one_line(asked: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        got(app(tmp_path, PLACED, *TYPES), **asked)
    assert str(caught.value) == f"subscriber Sync: {line}"


def test_handles_of_an_app_without_contracts_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no schema in contracts/: it has none"):
        got(app(tmp_path, PLACED), handles=("order.placed.v1",))
