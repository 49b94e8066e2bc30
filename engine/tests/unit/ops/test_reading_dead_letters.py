"""Whatever lies in a dead-letter queue, whoever sent it, is read, shown, exported and sent: never an exception, never an answer."""

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.causes import Cause
from fanout.ops.dead_letters.line import dumped, read_line, record
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.plain import BROKEN, shown_pointer
from fanout.ops.dead_letters.selection import each_alone
from fanout.ops.dead_letters.summary import collect
from fanout.ops.send.queue import OutgoingMessage
from tests.examples import examples
from tests.unit.ops.given import World, event, message, text, world

__all__ = ["world"]
SECRET = "CANARY pat@example.com"


def envelope(**more: Any) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:t", "Message": json.dumps(event()), **more})


ODD_BODIES = {
    "attributes null": envelope(MessageAttributes=None),
    "attribute without value": envelope(MessageAttributes={"a": {"Type": "String"}}),
    "attribute no object": envelope(MessageAttributes={"a": 1}),
    "attributes a list": envelope(MessageAttributes=[1]),
    "no base64": envelope(MessageAttributes={"a": {"Type": "Binary", "Value": "x"}}),
    "message no text": envelope(Message={"a": 1}),
    "message empty": envelope(Message=""),
    "envelope too deep": '{"Type":"Notification","TopicArn":' + "[" * 100_000,
    "body too deep": "[" * 100_000,
    "body closed, and deep": '{"id":"e1","data":' + "[" * 5_000 + "]" * 5_000 + "}",
    "half a surrogate": '{"id":"\\ud800","type":"order.placed.v1"}',
    "odd types": '{"id":[1],"data":[1],"type":{"a":1},"source":5}',
    "a number of 5,000 digits": "9" * 5_000,
    "no JSON": SECRET,
    "nothing": "",
}
ODD_CAUSES = (
    "[" * 100_000,
    '{"error_type":{"a":1},"error":[1],"message_id":[1]}',
    "9" * 5_000,
    "null",
    json.dumps({"error_type": SECRET, "error": SECRET}),
)


def read_all(one: DeadLetterMessage) -> None:
    """All that any command reads of it."""
    json.dumps([one.cause, one.died_as, one.event_id, one.is_heartbeat, one.redacted(), one.hash, str(one.sent_at)])
    assert one.matches("x") in (True, False)
    assert one.ids.group is None or isinstance(one.ids.group, str)
    showing.attributes(one, reveal=False)
    outgoing = OutgoingMessage.from_dead_letter(one)
    assert outgoing.bytes >= 0 and outgoing.hash and outgoing.entry(fifo=True) and outgoing.entry(fifo=False)


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES.keys())
def test_an_odd_body_is_read_and_sent_as_it_is(body: str) -> None:
    one = message(body)
    read_all(one)
    assert OutgoingMessage.from_dead_letter(one).body == body


@pytest.mark.parametrize("cause", ODD_CAUSES, ids=["deep", "types", "digits", "null", "answers"])
def test_a_cause_that_somebody_else_wrote_is_none(cause: str) -> None:
    one = message(event(), {"fanout.cause": text(cause)})
    read_all(one)
    assert one.cause is None and one.died_as == "m1"
    assert SECRET not in str(showing.attributes(one, reveal=False))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "id",
    "type",
    "source",
    "time",
    "subject",
    "data",
    "Type",
    "TopicArn",
    "Message",
    "MessageAttributes",
    "traceparent",
)
EVENTS = st.fixed_dictionaries({}, optional={name: JSON for name in NAMES})
CAUSES = st.fixed_dictionaries({}, optional={name: JSON for name in ("error_type", "error", "message_id", "attempt")})


@settings(max_examples=examples(80), deadline=None)
@given(
    EVENTS | JSON,
    CAUSES | JSON,
    st.dictionaries(st.sampled_from(["SentTimestamp", "MessageGroupId"]), st.text(max_size=5)),
)
@example({"Type": "Notification", "TopicArn": "t", "Message": "{}", "MessageAttributes": {"a": []}}, None, {})
def test_any_json_anywhere_is_read(body: Any, cause: Any, system: dict[str, str]) -> None:
    one = message(json.dumps(body), {"fanout.cause": text(json.dumps(cause))}, **system)
    read_all(one)


SHAPES: dict[str, Any] = {
    "subject is free text": event(subject=SECRET),
    "type is an object of answers": event(type={"answers": SECRET}),
    "id is a name": event(id=SECRET),
    "source is a list": event(source=[SECRET]),
    "group is an answer": event(data={"shop_id": SECRET}),
    "reference is an object": event(data={"order_id": {"answer": SECRET}}),
    "traceparent": event(traceparent=SECRET),
    "names at the top": {SECRET: 1},
    "names in data": event(data={SECRET: 1}),
    "time": event(time=SECRET),
    "an extension": event(extra=SECRET),
    "an address as a type": event(type="pat@example.com"),
    "a type of nobody": event(type="CANARY.secret.v1"),
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES.keys())
def test_no_answer_is_shown_wherever_it_stands(body: dict[str, Any]) -> None:
    one = message(body, {"type": text(SECRET), "shop_id": text(SECRET), "fanout.cause": text(SECRET)})
    shown = json.dumps([one.redacted(), one.event_id, one.ids.named, one.ids.group, one.ids.reference])
    shown += str(showing.attributes(one, reveal=False)) + repr(one)
    assert "CANARY" not in shown and "example.com" not in shown


def test_what_keeps_its_contract_is_shown() -> None:
    shown = message(event()).redacted()
    assert isinstance(shown, dict)
    data = {"shop_id": "berlin", "order_id": "o1", "items": "(1 fields, not shown)"}
    assert shown == {**event(), "data": data}
    broken = message(event(id="a b", type="order.placed.v2")).redacted()
    assert isinstance(broken, dict) and (broken["id"], broken["type"]) == (BROKEN, "order.placed.v2")
    extra = message(event(more=1, other=2)).redacted()
    assert isinstance(extra, dict) and extra["…"] == "(2 more, not shown)"


def test_of_a_change_only_the_places_that_the_contract_names_are_shown() -> None:
    assert shown_pointer("/data/items") == "/data/items"
    assert shown_pointer("/data/items/pat@example.com") == "/data/items/…"
    assert shown_pointer("/pat") == "/…" and shown_pointer("/id") == "/id"


def test_a_message_is_sent_as_it_came_without_its_cause() -> None:
    sent = {"type": text("t"), "raw": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    died = {"fanout.cause": text('{"error_type": "E", "message_id": "m0"}')}
    one = message(event(), {**sent, **died}, AWSTraceHeader="Root=1", MessageGroupId="g")
    entry = OutgoingMessage.from_dead_letter(one).entry(fifo=False)
    assert entry["MessageAttributes"] == sent and entry["MessageGroupId"] == "g"
    assert entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"] == "Root=1"
    assert "MessageDeduplicationId" not in entry and one.died_as == "m0"


def test_in_a_fifo_queue_a_letter_sent_again_is_one_message_and_an_edited_one_another() -> None:
    def id_of(key: str, body: str) -> str:
        return str(OutgoingMessage(key, body, {}).entry(fifo=True)["MessageDeduplicationId"])

    assert id_of("m1", "{}") == id_of("m1", "{}")
    ids = {
        id_of("m1", "{}"),
        id_of("m1", "[]"),
        id_of("m2", "{}"),
        id_of("x" * 200 + "1", ""),
        id_of("x" * 200 + "2", ""),
    }
    assert len(ids) == 5 and all(each.isalnum() and len(each) <= 128 for each in ids)


def test_what_sns_wrapped_is_unwrapped() -> None:
    wrapped = envelope(MessageAttributes={"n": {"Type": "Binary", "Value": base64.b64encode(b"x").decode()}})
    outgoing = OutgoingMessage.from_dead_letter(message(wrapped))
    assert json.loads(outgoing.body) == event()
    assert outgoing.attributes == {"n": {"DataType": "Binary", "BinaryValue": b"x"}}
    assert message(wrapped).event_id == "e1"


def test_one_message_that_cannot_be_explained_is_its_own_trouble() -> None:
    def explain(messages: Any) -> list[Cause]:
        if any(each.message_id == "m1" for each in messages):
            raise TypeError("odd")
        return [Cause("E", "x") for _ in messages]

    other = DeadLetterMessage("m2", "r", "{}", {}, {})
    assert each_alone(explain, [message("{}"), other, other]) == [None, Cause("E", "x"), Cause("E", "x")]


def test_a_list_goes_on_behind_what_is_odd(world: World) -> None:
    for number, body in enumerate(each for each in ODD_BODIES.values() if each):
        cause = ODD_CAUSES[number % len(ODD_CAUSES)]
        world.sqs.put(world.dead, body, attributes={"fanout.cause": text(cause)})
    world.bury(3)
    (found,) = collect(world.stack, None, limit=1_000)
    assert found.problem is None and found.seen == len(ODD_BODIES) - 1 + 3 and found.completeness
    json.dumps(found.as_dict(), default=str)


@settings(max_examples=examples(80), deadline=None)
@given(st.text(max_size=30) | JSON.map(json.dumps))
@example("[" * 100_000)
@example('{"task": 1}')
def test_any_line_of_a_file_is_read_or_told(line: str) -> None:
    assert isinstance(read_line(line), str)


LINE_FIELDS = ("task", "message_id", "body", "attributes", "group", "trace", "origin", "hash")


@settings(max_examples=examples(120), deadline=None)
@given(st.sampled_from(LINE_FIELDS), JSON)
def test_any_value_in_a_field_of_a_line_is_read_or_told(name: str, value: Any) -> None:
    line = {"task": "task", "message_id": "m1", "body": "x", "attributes": {}, name: value}
    found = read_line(json.dumps(line))
    if not isinstance(found, str):
        assert found.outgoing.bytes >= 0 and found.key and found.outgoing.entry(fifo=True)


def test_a_line_keeps_all_that_sending_needs(world: World) -> None:
    one = message(
        event(), {"raw": {"DataType": "Binary", "BinaryValue": b"\x00"}}, MessageGroupId="g", AWSTraceHeader="R"
    )
    found = read_line(dumped(record(world.stack, world.subscriber, one)))
    assert not isinstance(found, str)
    assert (found.task, found.outgoing) == ("task", OutgoingMessage.from_dead_letter(one))
    assert str(found.origin) == "dead of Orders-prod in eu-west-1 of account 123456789012"
