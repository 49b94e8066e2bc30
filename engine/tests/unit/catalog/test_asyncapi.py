"""The AsyncAPI document of templates we did not write: directions, what a filter lets through, FIFO, other contracts."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.catalog.asyncapi import document, text
from fanout.catalog.contracts import Message, messages
from fanout.catalog.index import _messages
from fanout.catalog.reading import subscribers, topics
from fanout.catalog.tasks import Task
from fanout.contracts.references import at
from fanout.errors import ContractError
from fanout.template.template import Template
from tests.unit.catalog.given import orders


def message(name: str, **properties: Any) -> Message:
    return Message(name, {"title": name, "type": "object", "properties": {"type": {"const": name}, **properties}}, {})


PLACED, RETURNED = message("order.placed.v1"), message("order.returned.v2")


def described(resources: dict[str, Any], *spoken: Message) -> dict[str, Any]:
    template = Template({"Resources": resources})
    known = {each.name: Task() for each in subscribers(template)}
    return document(topics(template), list(spoken) or [PLACED], known)


def filtered(policy: dict[str, Any], **more: Any) -> dict[str, Any]:
    resources = orders()["Resources"]
    resources["ShipSub"]["Properties"] |= {"FilterPolicy": policy, **more}
    return dict(resources)


def received(found: dict[str, Any], task: str) -> list[str]:
    return [each["$ref"].rpartition("/")[2] for each in found["operations"][task]["messages"]]


def consumers(found: dict[str, Any], operation: str) -> list[dict[str, Any]]:
    some: list[dict[str, Any]] = found["operations"][operation]["bindings"]["sns"]["consumers"]
    return some


def test_each_message_is_sent_once_and_received_by_each_subscriber() -> None:
    found = described(orders()["Resources"], PLACED, RETURNED)
    assert {name: each["action"] for name, each in found["operations"].items()} == {
        "publish_order_placed_v1": "send",
        "publish_order_returned_v2": "send",
        "BillFn": "receive",
        "ShipFn": "receive",
    }
    assert found["info"]["version"] == "2.0.0"


@pytest.mark.parametrize(
    ("policy", "scope", "passing"),
    [
        ({"type": ["order.returned.v2"]}, {}, ["order_returned_v2"]),
        ({"type": [{"anything-but": "order.returned.v2"}]}, {}, ["order_placed_v1"]),
        (
            {"$or": [{"type": ["order.placed.v1"]}, {"type": ["order.returned.v2"]}]},
            {},
            ["order_placed_v1", "order_returned_v2"],
        ),
        ({"type": ["order.placed.v1"]}, {"FilterPolicyScope": "MessageBody"}, ["order_placed_v1"]),
        ({"type": [{"Ref": "Wanted"}]}, {}, ["order_placed_v1", "order_returned_v2"]),
    ],
    ids=["one type", "all but one", "or", "body", "unknown"],
)
def test_a_subscriber_receives_what_its_filter_can_let_through(
    policy: dict[str, Any], scope: dict[str, str], passing: list[str]
) -> None:
    template = {"Parameters": {"Wanted": {"Type": "String"}}, "Resources": filtered(policy, **scope)}
    read = Template(template)
    found = document(topics(read), [PLACED, RETURNED], {each.name: Task() for each in subscribers(read)})
    assert received(found, "ShipFn") == passing
    assert received(found, "BillFn") == ["order_placed_v1", "order_returned_v2"]
    for name in ("order_placed_v1", "order_returned_v2"):
        named = [each["endpoint"]["name"] for each in consumers(found, f"publish_{name}")]
        assert named == (["BillFn", "ShipFn"] if name in passing else ["BillFn"])


def test_a_consumer_is_bound_as_it_is_subscribed() -> None:
    bill, ship = consumers(described(filtered({"type": ["order.placed.v1"]})), "publish_order_placed_v1")
    assert bill == {"protocol": "sqs", "endpoint": {"name": "BillFn"}, "rawMessageDelivery": True}
    assert ship["rawMessageDelivery"] is False
    assert (ship["filterPolicy"], ship["filterPolicyScope"]) == ({"type": ["order.placed.v1"]}, "MessageAttributes")


def test_queues_are_bound_with_the_numbers_that_are_seen() -> None:
    resources = orders()["Resources"]
    resources["ShipQueue"]["Properties"]["VisibilityTimeout"] = {"Fn::If": ["IsProd", 60, 90]}
    found = described(resources)["operations"]
    bill, letters = found["BillFn"]["bindings"]["sqs"]["queues"]
    assert bill["visibilityTimeout"] == 60
    assert bill["redrivePolicy"] == {"deadLetterQueue": {"name": "BillFn dead letters"}, "maxReceiveCount": 4}
    assert letters == {"name": "BillFn dead letters", "fifoQueue": False, "messageRetentionPeriod": 1_209_600}
    assert "visibilityTimeout" not in found["ShipFn"]["bindings"]["sqs"]["queues"][0]


def test_order_is_told() -> None:
    resources = orders()["Resources"]
    resources["Orders"]["Properties"] = {"FifoTopic": True}
    resources["BillQueue"]["Properties"]["FifoQueue"] = True
    found = described(resources)
    assert found["channels"]["Orders"]["bindings"]["sns"]["ordering"] == {"type": "FIFO"}
    assert found["operations"]["BillFn"]["bindings"]["sqs"]["queues"][0]["fifoQueue"] is True


def test_what_only_the_stack_publishes_is_not_asked_of_a_publishing_service(tmp_path: Path) -> None:
    (tmp_path / "beat").mkdir()
    for path, name in ((tmp_path, "order.placed.v1"), (tmp_path / "beat", "beat.v1")):
        (path / "any.schema.json").write_text(json.dumps(message(name).schema))
    placed, beat = messages(tmp_path)
    found = described(orders()["Resources"], placed, beat)["operations"]
    assert found["publish_order_placed_v1"]["title"] == "A publishing service publishes"
    assert found["publish_beat_v1"]["title"] == "The stack's own schedule publishes"


def test_an_example_belongs_to_the_message_of_its_type(tmp_path: Path) -> None:
    (tmp_path / "placed.schema.json").write_text(json.dumps(PLACED.schema))
    for path, type_ in (("valid/a", "other"), ("invalid/b", "order.placed.v1"), ("valid/c", "order.placed.v1")):
        file = tmp_path / "examples" / f"{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"type": type_}))
    (found,) = messages(tmp_path)
    assert found.examples == {"c": {"type": "order.placed.v1"}}


def test_a_contract_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "placed.schema.json").write_text("[]")
    with pytest.raises(ContractError, match="expected a JSON object"):
        messages(tmp_path)


def test_attributes_repeat_the_fields_of_the_message() -> None:
    data = {"type": "object", "properties": {"shop_id": {"pattern": "^[a-z]+$", "x-fanout": ["attribute"]}}}
    found = message("order.placed.v1", data=data).attributes
    assert found["properties"] == {
        "type": {"type": "string", "const": "order.placed.v1"},
        "shop_id": {"type": "string", "pattern": "^[a-z]+$", "x-fanout": ["attribute"]},
    }
    assert message("beat.v1").attributes["required"] == ["type"]


def test_a_topic_carries_the_types_that_its_metadata_names() -> None:
    resources = orders()["Resources"]
    resources["Orders"]["Metadata"] = {"fanout": {"types": ["order.returned.v2"]}}
    found = described(resources, PLACED, RETURNED)
    assert [*found["operations"]] == ["publish_order_returned_v2", "BillFn", "ShipFn"]
    assert received(found, "BillFn") == ["order_returned_v2"]
    assert [*found["channels"]["Orders"]["messages"]] == ["order_returned_v2"]


def test_personal_fields_are_told_of_a_message() -> None:
    data = {"type": "object", "properties": {"name": {"x-fanout": ["personal"]}}}
    told = described(orders()["Resources"], message("order.placed.v1", data=data))["components"]["messages"]
    assert told["order_placed_v1"]["tags"] == [{"name": "personal data", "description": "data.name"}]
    assert "tags" not in described(orders()["Resources"], PLACED)["components"]["messages"]["order_placed_v1"]


def test_the_first_page_says_who_receives_a_message_or_why_nobody_does() -> None:
    why = {"x-fanout-unheard": "the data team takes it elsewhere"}
    unheard = Message("order.returned.v2", {**RETURNED.schema, **why}, {})
    policy = {"type": ["order.placed.v1"]}
    resources = filtered(policy)
    resources["BillSub"]["Properties"] |= {"FilterPolicy": policy}
    page = _messages(topics(Template({"Resources": resources})), [PLACED, unheard, message("order.lost.v1")])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()[2:]]
    assert [[name, receivers] for name, _, receivers, _ in rows] == [
        ["order.placed.v1", "BillFn, ShipFn"],
        ["order.returned.v2", "nobody: the data team takes it elsewhere"],
        ["order.lost.v1", "nobody: no reason is given"],
    ]


def test_every_reference_of_the_document_leads_to_what_it_is_meant_to() -> None:
    field = {"type": "string", "anyOf": [{"$ref": "#/definitions/a%20name"}], "x-fanout": ["attribute"]}
    data = {"type": "object", "properties": {"field": field, "more": {"$ref": "#fact"}}}
    schema = message("order.placed.v1", data=data).schema
    definitions = {"a name": {"maxLength": 9}, "fact": {"$id": "#fact", "items": {"$ref": "#/definitions/fact"}}}
    schema |= {"$id": "urn:shop:order", "definitions": definitions}
    found = described(orders()["Resources"], Message("order.placed.v1", schema, {}), RETURNED)
    there = {each: at(each, found) for each in referred(found)}
    root = "#/components/messages/order_placed_v1/payload/schema/definitions/"
    assert there[f"{root}a%20name"] == {"maxLength": 9}
    assert there[f"{root}fact"] == {"items": {"$ref": f"{root}fact"}}
    assert at("#/components/messages/order_placed_v1/headers/properties/field/anyOf/0", found) == {
        "$ref": f"{root}a%20name"
    }


def referred(node: Any) -> set[str]:
    """All that the document refers to."""
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = {node["$ref"]} if isinstance(node, dict) and "$ref" in node else set()
    return own.union(*map(referred, inside))


def test_the_text_has_no_aliases() -> None:
    template = Template(orders())
    written = text(topics(template), [PLACED, PLACED], {each.name: Task() for each in subscribers(template)})
    assert "&id" not in written and "*id" not in written
