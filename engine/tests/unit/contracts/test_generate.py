"""The generated package reads well, is typed, and is the same whoever generates it."""

import compileall
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts.contract import load
from fanout.contracts.generate import generated, stale, write
from fanout.contracts.model import class_name
from fanout.runtime.errors import ContractViolation
from fanout.runtime.event import parse
from tests.places import ENGINE
from tests.unit.contracts.given import FORMS, HERE, ORDERS, order, package, put, schema
from tests.unit.contracts.given import read as read_event

ROOT = ENGINE / "src"
TYPED = ENGINE / ".mypy_cache" / "events"
"""What mypy knows of Python's own library stays from one run to the next."""
WIDE = {
    "required": ["text", "count", "ratio", "flag", "map", "rows", "either", "address", "billing", "deep"],
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "ratio": {"type": "number"},
        "flag": {"type": "boolean"},
        "map": {"type": "object"},
        "rows": {"type": "array"},
        "either": {"type": ["string", "null"]},
        "state": {"enum": ["open", "closed"]},
        "anything": {},
        "maybe": {"type": "integer"},
        "address": {"$ref": "#/definitions/address"},
        "billing": {"$ref": "#/definitions/address"},
        "partner": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "deep": {
            "type": "object",
            "required": ["down"],
            "properties": {
                "v1": {"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}}},
                "down": {"type": "object", "properties": {"id": {"type": "string"}, "child": {"$ref": "#/definitions/node"}}},
            },
        },
    },
}  # fmt: skip
DEFINITIONS = {
    "address": {"type": "object", "required": ["street"], "properties": {"street": {"type": "string"}}},
    "node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}, "name": {"type": "string"}}},
}
VALUES: dict[str, Any] = {
    "text": "t", "count": 2.0, "ratio": 1, "flag": True, "map": {}, "rows": [1], "either": None,
    "address": {"street": "s"}, "billing": {"street": "b"}, "deep": {"down": {}},
}  # fmt: skip


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = put(tmp_path_factory.mktemp("wide"), schema(WIDE, definitions=DEFINITIONS))
    return package(folder, "wide_events").OrderPlaced


def read(event_class: Any, **changes: Any) -> Any:
    return read_event(json.dumps(order(data={**VALUES, **changes})), event_class)


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("form.submitted.v1", "FormSubmitted"),
        ("order.placed.v2", "OrderPlacedV2"),
        ("order_line.re-opened.v1", "OrderLineReOpened"),
        ("any.v1", "Any_"),
    ],
)
def test_a_class_is_named_after_its_type(type_: str, name: str) -> None:
    assert class_name(type_) == name


def test_required_properties_are_there(wide: Any) -> None:
    event = read(wide)
    assert (event.text, event.count, event.ratio, event.flag) == ("t", 2, 1, True) and type(event.count) is int
    assert (event.map, event.rows, event.either, event.address.street, event.billing.street) == (
        {},
        [1],
        None,
        "s",
        "b",
    )
    assert (event.group, event.reference) == ("", "")


def test_optional_properties_are_none_when_absent(wide: Any) -> None:
    event = read(wide)
    assert (event.state, event.anything, event.maybe, event.partner, event.deep.v1) == (None,) * 5
    full = read(wide, maybe=3.0, partner={"name": "p"}, deep={"v1": {"x": "y"}, "down": {"id": "i"}}, state="open")
    assert (full.maybe, full.partner.name, full.deep.v1.x, full.deep.down.id, full.state) == (3, "p", "y", "i", "open")


def test_an_optional_object_of_optional_properties_is_always_there(wide: Any) -> None:
    child = read(wide).deep.down.child
    assert (child.name, child.next) == (None, None)
    assert read(wide, deep={"down": {"child": {"name": "n", "next": {"name": "m"}}}}).deep.down.child.name == "n"


def test_nothing_below_an_event_shows_or_changes_its_values(wide: Any) -> None:
    event = read(wide)
    assert "'s'" not in f"{event!r}{event.address!r}" and type(event.address).__name__ == "Address"
    with pytest.raises(AttributeError, match="Address.street cannot be changed"):
        event.address.street = "other"


def test_a_model_is_made_of_each_field_once_by_place_or_name(wide: Any) -> None:
    address = type(read(wide).address)
    assert address("s") == address(street="s") != address("other") and hash(address("s")) == hash(address(street="s"))
    for values, named in (((), {}), (("s", "t"), {}), (("s",), {"street": "t"}), ((), {"road": "s"})):
        with pytest.raises(TypeError, match="Address needs street, each once"):
            address(*values, **named)
    with pytest.raises(AttributeError, match="Address.street cannot be changed"):
        del read(wide).address.street


@pytest.mark.parametrize(
    ("place", "rate"),
    [*enumerate([{"enum": [0, 0.19, 2]}, {"type": ["integer", "number"]}, {"type": ["number", "integer", "null"]}])],
)
def test_a_fraction_stays_one_where_whole_numbers_are_allowed_too(
    place: int, rate: dict[str, Any], tmp_path: Path
) -> None:
    data = {"required": ["rate"], "properties": {"rate": rate}}
    event_class = package(put(tmp_path, schema(data)), f"rate_events_{place}").OrderPlaced
    given = [0, 0.19, 2.0]
    assert [repr(read_event(json.dumps(order(data={"rate": each})), event_class).rate) for each in given] == [
        "0",
        "0.19",
        "2",
    ]


def test_a_number_that_the_rules_cannot_be_applied_to_is_refused(tmp_path: Path) -> None:
    data = {"properties": {"a": {"type": "number", "multipleOf": 0.5}}}
    event_class = package(put(tmp_path, schema(data)), "number_events").OrderPlaced
    with pytest.raises(ContractViolation) as caught:
        parse(json.dumps(order(data={"a": 10**400})), event_class)
    assert "\n" not in str(caught.value) and caught.value.__context__ is None


def test_several_types_are_loaded_when_named(tmp_path: Path) -> None:
    put(tmp_path, ORDERS["order.placed.v1"].schema, FORMS["form.submitted.v1"].schema)
    events = package(tmp_path, "many_events")
    assert "many_events.order_placed_v1" not in sys.modules
    assert read_event(ORDERS.valid["two_articles"], events.OrderPlaced).group == "contact"
    assert "many_events.form_submitted_v1" not in sys.modules
    with pytest.raises(AttributeError, match="has no attribute 'OrderPaid'"):
        _ = events.OrderPaid


def test_the_same_schemas_give_the_same_text(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        code = (
            "import sys; from pathlib import Path; from fanout.contracts.contract import load; "
            "from fanout.contracts.generate import write; write(load(Path(sys.argv[1])), Path(sys.argv[2]))"
        )
        arguments = [sys.executable, "-c", code, str(HERE / "order"), str(tmp_path / seed)]
        subprocess.run(arguments, cwd=ROOT, env={"PYTHONHASHSEED": seed}, check=True)
    one, two = ({path.name: path.read_text() for path in (tmp_path / seed).iterdir()} for seed in ("1", "2"))
    assert one == two == generated(load(HERE / "order"))


def test_write_leaves_what_it_did_not_generate_and_stale_tells_what_differs(tmp_path: Path) -> None:
    write(FORMS, tmp_path)
    (tmp_path / "helper.py").write_text("X = 1\n")
    assert stale(FORMS, tmp_path) == []
    assert stale(ORDERS, tmp_path) == [
        tmp_path / "__init__.py", tmp_path / "order_placed_v1.py", tmp_path / "form_submitted_v1.py"
    ]  # fmt: skip
    write(ORDERS, tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["__init__.py", "helper.py", "order_placed_v1.py"]


HANDLER = """
from events import FormSubmitted, OrderPlaced

def sync(form: FormSubmitted, order: OrderPlaced) -> str:
    reveal_type(form.submitter.email)
    reveal_type(order.items)
    form.id = "x"
    FormSubmitted.nothing
    return form.form_id + order.customer.name
"""


@pytest.mark.long
def test_a_type_checker_and_a_linter_know_the_classes(tmp_path: Path) -> None:
    folder = put(tmp_path, ORDERS["order.placed.v1"].schema, FORMS["form.submitted.v1"].schema)
    write(load(folder), tmp_path / "events")
    (tmp_path / "handler.py").write_text(HANDLER)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(TYPED)]
    search = {"MYPYPATH": str(ROOT), "PATH": "/usr/bin"}
    told = subprocess.run([*mypy, "handler.py", "events"], cwd=tmp_path, env=search, capture_output=True, text=True)
    assert [each.split(": ", 1)[1] for each in told.stdout.splitlines()] == [
        'note: Revealed type is "str | None"',
        'note: Revealed type is "dict[str, Any]"',
        'error: Property "id" defined in "FormSubmitted" is read-only  [misc]',
        'error: "type[FormSubmitted]" has no attribute "nothing"  [attr-defined]',
        'error: Unsupported operand types for + ("str" and "None")  [operator]',
        'note: Right operand is of type "str | None"',
    ]
    for command in (["format", "--check"], ["check", "--select", "ALL", "--ignore", "PGH004"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "--no-cache", "events"], cwd=tmp_path, check=True)


def test_a_task_needs_no_third_party_package_to_read_an_event(tmp_path: Path) -> None:
    """`-S` hides site-packages, as a Lambda function without a layer would."""
    write(ORDERS, tmp_path / "events")
    assert compileall.compile_dir(str(tmp_path / "events"), quiet=1)
    code = f"import sys; sys.path[:0] = {[str(ROOT), str(tmp_path)]}; import events; sys.exit('decimal' in sys.modules)"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_the_heartbeat_is_checked_as_its_schema_says() -> None:
    import fastjsonschema

    folder = ROOT / "fanout" / "contracts" / "heartbeat"
    definition = json.loads((folder / "fanout_heartbeat.v1.schema.json").read_text("utf-8"))
    theirs = fastjsonschema.compile(definition, use_default=False, use_formats=False)
    example = json.loads((folder / "example.json").read_text("utf-8"))
    for name in (*definition["properties"], "other"):
        values: tuple[Any, ...] = ("", "x y", "x", 1, None, {}, "2026-01-15T09:30:00Z", "x" * 1025)
        for value in values:
            event = {**example, name: value} if value is not None else {k: v for k, v in example.items() if k != name}
            if name in ("type", "specversion") and value is None:
                continue
            assert _accepted(lambda event=event: parse(json.dumps(event))) == _accepted(
                lambda event=event: theirs(event)
            )


def _accepted(check: Any) -> bool:
    import fastjsonschema

    try:
        check()
    except (ContractViolation, fastjsonschema.JsonSchemaValueException):
        return False
    return True
