"""Receivers are told by an event of the app's own type for it, and by the same one however often the command runs."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fanout.contracts import roles
from fanout.contracts.app import app_contracts
from fanout.contracts.contract import Contract, Contracts
from fanout.errors import Unusable
from fanout.ops.aws import tombstones
from fanout.ops.aws.tombstones import Tombstone, references_of
from fanout.ops.erase.event import erasure_types, event_of
from fanout.publisher import Event
from tests.unit.ops.erase.given import NOW, World, canary, world

__all__ = ["world"]
TYPE = "order.erased.v1"


def schema(*more: str) -> dict[str, Any]:
    (placed,) = app_contracts()
    made: dict[str, Any] = json.loads(json.dumps(placed.schema))
    made[roles.ERASED] = True
    made["$id"], made["title"] = f"urn:fanout:{TYPE}", TYPE
    made["properties"]["type"] = {"const": TYPE}
    made["properties"]["data"]["required"] = ["shop_id", "order_id", *more]
    return made


@pytest.fixture
def contracts(monkeypatch: pytest.MonkeyPatch) -> Contracts:
    (placed,) = app_contracts()
    both = Contracts({placed.type: placed, TYPE: Contract(schema())})
    for where in ("fanout.cli.erase.app_contracts", "fanout.contracts.ids.known_contracts"):
        monkeypatch.setattr(where, lambda: both)
    return both


def test_it_is_told_once_it_is_done_and_as_the_same_event_again(
    world: World, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Event] = []
    monkeypatch.setattr("fanout.cli.erase.publish", lambda stack, events: told.extend(events))
    world.archive(7, **canary())
    assert world.erase()["told"]
    (event,) = told
    assert (event.type, event.reference, event.group) == (TYPE, "o7", "berlin")
    world.s3.put(f"events-by-day/2026/01/20/berlin/{event.id}/1.json", event.body)  # as the task that archives does
    world.clock.wait(5_000)
    assert world.erase()["done"]  # it tells of the erasure, and is nobody's data
    assert [each.body for each in told] == [event.body] * 2


def test_what_was_not_published_is_not_told_as_done(
    world: World, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.cli.erase.publish", lambda stack, events: "SNS is away")
    world.archive(7, **canary())
    done = world.erase(status=1)
    assert (done["done"], done["left"]) == (False, ["receivers were not told: SNS is away"])


def test_nothing_is_told_while_something_is_left(
    world: World, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fanout.cli.erase.publish", lambda stack, events: pytest.fail("told too early"))
    world.archive(7, **canary())
    world.s3.kept[0].lock = "AccessDenied"
    assert not world.erase(status=1)["told"]


def test_a_type_that_asks_for_more_is_refused_before_anything_is_removed(
    world: World, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts.by_type[TYPE] = Contract(schema("items"))
    world.archive(7, **canary())
    assert "with the reference and the group alone" in world.erase(status=2)
    assert world.everywhere() and tombstones.key("o7") not in world.dynamodb.records


def test_an_event_of_an_erasure_has_no_reference_that_could_be_erased(contracts: Contracts) -> None:
    event = event_of(contracts[TYPE], contracts, "o7", Tombstone(NOW, "berlin"))
    assert references_of(json.loads(event.body)) == set()
    assert [each.type for each in erasure_types(contracts)] == [TYPE]
    with pytest.raises(Unusable, match="reference and the group alone"):
        event_of(contracts[TYPE], contracts, "o7", replace(Tombstone(NOW), group=None))


@pytest.mark.parametrize("change", [{roles.ERASED: "yes"}, {roles.ERASED: False}])
def test_the_mark_is_true_or_not_there(change: dict[str, Any]) -> None:
    assert any(roles.ERASED in each for each in roles.problems({**schema(), **change}))
    assert not list(roles.problems(schema()))


def test_the_mark_needs_a_reference() -> None:
    without = schema()
    del without["properties"]["data"]["properties"]["order_id"]["x-fanout"]
    assert any('the role "reference"' in each for each in roles.problems(without))
