"""A further event because of one: the same at each attempt, as a publisher would send it, or refused in one line."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout.contracts.contract import Contracts, load
from fanout.contracts.generate import write
from fanout.publisher.attributes import checked_attributes
from fanout.publisher.deduplication import deduplication_id
from fanout.publisher.errors import InvalidEvent
from fanout.publisher.event import checked_event
from fanout.runtime.errors import PermanentError
from fanout.runtime.event import Event, parse
from tests.unit.contracts.given import put, schema

CANARY = "canary-7f3a"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:Bills"


def contract(type_: str) -> dict[str, Any]:
    fields = {
        "shop": {"type": "string", "pattern": "^[a-z ü\u0001]{0,40}$", "x-fanout": ["attribute", "group"]},
        "total": {"type": "integer"},
        "note": {"type": "string"},
    }
    found = schema({"properties": fields, "required": ["shop", "total"]})
    found["properties"]["type"] = {"const": type_}
    return found


class Sns:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def publish(self, **request: Any) -> dict[str, str]:
        self.sent.append(request)
        return {"MessageId": "m-1"}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A task that takes order.placed.v1 and makes bill.made.v1; `set_up` says what its variables are."""
    (tmp_path / "contracts").mkdir()
    contracts = load(put(tmp_path / "contracts", contract("order.placed.v1"), contract("bill.made.v1")))
    write(contracts, tmp_path / "events")
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "events"}
    for name in before:
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    emitting = importlib.import_module("fanout.runtime.emitting")
    emitting._way.cache_clear()
    sns = Sns()
    monkeypatch.setattr(emitting, "client", lambda service: sns)
    monkeypatch.setenv("FANOUT_STACK", "Orders-dev")
    monkeypatch.setenv("FANOUT_TASK", "make_bill")

    def set_up(topic: str = TOPIC, **more: Any) -> None:
        about = {"type": "bill.made.v1", "attributes": contracts["bill.made.v1"].attributes, **more}
        monkeypatch.setenv("FANOUT_EMITS_BILL_MADE_V1", topic)
        monkeypatch.setenv("FANOUT_EMITTED_BILL_MADE_V1", json.dumps(about))

    set_up()
    yield SimpleNamespace(emit=emitting.emit, sns=sns, set_up=set_up, contracts=contracts)
    emitting._way.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "events"]:
        del sys.modules[name]
    sys.modules.update(before)


def order(id_: str = "e1", source: str = "/shops/berlin", **more: Any) -> Event:
    body = {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": "order.placed.v1",
        "time": "2026-01-15T09:30:00Z",
        "data": {"shop": "berlin", "total": 1},
        **more,
    }
    found = parse(json.dumps(body), importlib.import_module("events.order_placed_v1").OrderPlaced)
    assert isinstance(found, Event)
    return found


def sent_events(app: Any) -> list[dict[str, Any]]:
    return [json.loads(each["Message"]) for each in app.sns.sent]


def test_the_event_says_by_whom_and_because_of_what_it_was_made(app: Any) -> None:
    id_ = app.emit("bill.made.v1", {"shop": "berlin", "total": 3}, because=order(traceparent=TRACE))
    (event,) = sent_events(app)
    time = event.pop("time")
    assert re.match(r"20\d\d-", time)
    assert event == {
        "specversion": "1.0",
        "id": id_,
        "source": "/Orders-dev/make_bill",
        "type": "bill.made.v1",
        "datacontenttype": "application/json",
        "causationid": "e1",
        "data": {"shop": "berlin", "total": 3},
        "traceparent": TRACE,
    }


def test_it_goes_out_as_a_publisher_would_send_it(app: Any) -> None:
    app.emit("bill.made.v1", {"shop": "berlin", "total": 3}, because=order())
    (sent,) = app.sns.sent
    published = checked_event(json.loads(sent["Message"]), contracts=app.contracts)
    assert sent["Message"] == published.body and sent["TopicArn"] == TOPIC
    attributes = {name: each["StringValue"] for name, each in sent["MessageAttributes"].items()}
    assert attributes == published.attributes == {"type": "bill.made.v1", "shop": "berlin"}
    assert "MessageGroupId" not in sent


def test_an_attempt_that_is_repeated_repeats_the_id_and_another_event_has_another(app: Any) -> None:
    def id_of(because: Event, **part: str) -> str:
        return str(app.emit("bill.made.v1", {"shop": "berlin", "total": 3}, because=because, **part))

    ids = [
        id_of(order()),
        id_of(order("e2")),
        id_of(order(source="/shops/bonn")),
        id_of(order(), part="2"),
    ]
    assert len({*ids}) == 4
    assert id_of(order()) == id_of(order(time="2026-02-01T00:00:00Z")) == ids[0]


def test_a_topic_that_keeps_order_gets_group_and_deduplication_id(app: Any) -> None:
    app.set_up(f"{TOPIC}.fifo")
    app.emit("bill.made.v1", {"shop": "berlin", "total": 3}, because=order())
    (sent,) = app.sns.sent
    assert sent["MessageGroupId"] == "berlin"
    assert sent["MessageDeduplicationId"] == deduplication_id(sent["Message"])
    with pytest.raises(PermanentError, match="its topic keeps order, and its group is no MessageGroupId"):
        app.emit("bill.made.v1", {"shop": "zwei wörter".replace("ö", "ü"), "total": 3}, because=order())


@pytest.mark.parametrize(("shop", "plain"), [("berlin", True), ("bad homburg", False)])
def test_a_fair_topic_gets_the_group_that_publishers_give(app: Any, shop: str, plain: bool) -> None:
    from fanout.publisher.fairness import Fairness

    app.set_up(fair_by="data.shop")
    app.emit("bill.made.v1", {"shop": shop, "total": 3}, because=order())
    (sent,) = app.sns.sent
    event = checked_event(json.loads(sent["Message"]), contracts=app.contracts)
    assert sent["MessageGroupId"] == Fairness("shop", app.contracts).group(event)
    assert (sent["MessageGroupId"] == shop) is plain and "MessageDeduplicationId" not in sent


@pytest.mark.parametrize(
    ("type_", "data", "line"),
    [
        ("bill.made.v1", {"shop": "berlin"}, "bill.made.v1: event.data must contain"),
        ("bill.made.v1", {"shop": CANARY, "total": 1}, "bill.made.v1: event.data.shop must match"),
        ("bill.made.v1", {"shop": "berlin", "total": 1, "note": {CANARY}}, "its data holds what JSON cannot"),
        ("bill.made.v1", {"shop": "berlin", "total": 1, "note": f"{CANARY}\ud800"}, "half a surrogate pair"),
        ("bill.made.v1", {"shop": "berlin", "total": 1, "note": "x" * 262_144}, "and its topic takes 262144: store"),
        ("bill.lost.v1", {}, 'no topic is told for bill.lost.v1: say emits={"bill.lost.v1": topic}'),
    ],
)
def test_what_cannot_be_published_is_one_permanent_line_without_data(
    app: Any, type_: str, data: Any, line: str
) -> None:
    with pytest.raises(PermanentError) as raised:
        app.emit(type_, data, because=order())
    assert line in str(raised.value) and "\n" not in str(raised.value) and CANARY not in str(raised.value)
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    assert not app.sns.sent


@pytest.mark.parametrize("shop", ["", "canary\u0001"])
def test_an_attribute_that_publishers_refuse_is_refused(app: Any, shop: str) -> None:
    with pytest.raises(InvalidEvent, match="not empty, without control characters"):
        checked_attributes({"shop": shop}, {})
    with pytest.raises(PermanentError, match="attribute shop must be not empty, without control") as raised:
        app.emit("bill.made.v1", {"shop": shop, "total": 1}, because=order())
    assert "canary" not in str(raised.value) and not app.sns.sent


def test_a_topic_that_takes_more_gets_more(app: Any) -> None:
    app.set_up(max_bytes=1_048_576)
    app.emit("bill.made.v1", {"shop": "berlin", "total": 1, "note": "x" * 300_000}, because=order())
    assert len(app.sns.sent) == 1


def test_the_publishers_of_a_contract_take_what_it_made(app: Any) -> None:
    assert isinstance(app.contracts, Contracts)
    app.emit("bill.made.v1", {"shop": "berlin", "total": 1, "note": "a\uffffb"}, because=order())
    assert "\uffff" not in app.sns.sent[0]["Message"]
