"""Every event reaches every task, through its own queue; what happens to one task does not happen to another."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from demo import archived, signature_of, signing_key
from fanout.contracts.app import app_contracts
from tests.local.conftest import Deployed

TASKS = ("send_receipt", "archive_order", "notify_partner")


def new_event(shop_id: str = "contact") -> dict[str, Any]:
    """An example of the contract with ids of its own."""
    event: dict[str, Any] = json.loads(app_contracts().valid["contact_form"])
    event["id"] = event["data"]["order_id"] = f"e-{uuid.uuid4()}"
    event["data"]["shop_id"] = shop_id
    return event


def publish(deployed: Deployed, event: dict[str, Any]) -> str:
    deployed.session.client("sns").publish(
        TopicArn=deployed.stack.topic_arn,
        Message=json.dumps(event),
        MessageAttributes={
            "type": {"DataType": "String", "StringValue": event["type"]},
            "shop_id": {"DataType": "String", "StringValue": event["data"]["shop_id"]},
        },
    )
    return str(event["id"])


def dead_letter(deployed: Deployed, task: str, text: str) -> dict[str, Any]:
    """The one dead letter of `task` whose body holds `text`."""
    (letter,) = [each for each in deployed.evidence.dead_letters(task) if text in each.get("Body", "")]
    return dict(letter)


def test_plain_boto3_and_the_topics_arn_make_all_three_effects_happen(deployed: Deployed) -> None:
    event = new_event()
    deployed.wait_until_done(publish(deployed, event))
    emails = [each for each in deployed.evidence.emails() if event["id"] in each.text]
    assert [each.to for each in emails] == [(event["data"]["customer"]["email"],)]
    assert [json.loads(body) for body in archived(deployed.evidence, event["id"]).values()] == [event]
    (request,) = deployed.receiver.requests(event["id"])
    signature = signature_of(request, signing_key(deployed.evidence))
    assert (signature, request.answer, json.loads(request.body)) == ("valid", 200, event)


def test_a_task_that_fails_fails_alone_and_after_all_attempts_its_event_is_kept(deployed: Deployed) -> None:
    deployed.receiver.answer(status=503, containing="unlucky")
    event = new_event("unlucky")
    publish(deployed, event)
    deployed.wait_until_done(event["id"], "send_receipt", "archive_order")
    deployed.wait_until_dead(event["id"], "notify_partner")
    assert deployed.outcomes("notify_partner", event["id"]) == ["failed"] * 3
    assert json.loads(dead_letter(deployed, "notify_partner", event["id"])["Body"]) == event
    for task in ("send_receipt", "archive_order"):
        assert deployed.outcomes(task, event["id"]) == ["done"]
        assert not [each for each in deployed.evidence.dead_letters(task) if event["id"] in each.get("Body", "")]


def test_what_no_retry_can_help_is_dead_after_one_attempt_with_its_cause(deployed: Deployed) -> None:
    deployed.receiver.answer(status=410, containing="gone")
    event = new_event("gone")
    publish(deployed, event)
    deployed.wait_until_dead(event["id"], "notify_partner")
    deployed.wait_until(
        lambda: deployed.outcomes("notify_partner", event["id"]), "its line, which comes behind the letter"
    )
    assert deployed.outcomes("notify_partner", event["id"]) == ["dead"]
    attributes = dead_letter(deployed, "notify_partner", event["id"])["MessageAttributes"]
    cause = json.loads(attributes["fanout.cause"]["StringValue"])
    assert (cause["error_type"], cause["error"]) == ("PermanentError", "the webhook answered 410")
    assert {name: each["StringValue"] for name, each in attributes.items() if name != "fanout.cause"} == {
        "type": "order.placed.v1",
        "shop_id": "gone",
    }


@pytest.fixture
def paused(deployed: Deployed) -> Iterator[str]:
    """The mapping of archive_order, switched off until the test switches it on."""
    client = deployed.session.client("lambda")
    name = deployed.stack.subscriber("archive_order").function_name
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    deployed.wait_until(
        lambda: client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled", "the mapping to pause"
    )
    yield mapping["UUID"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_events_wait_for_a_task_that_is_down_and_none_is_lost(deployed: Deployed, paused: str) -> None:
    events = [new_event() for _ in range(12)]
    for event in events:
        publish(deployed, event)
    for event in events:
        deployed.wait_until_done(event["id"], "send_receipt", "notify_partner")
        assert deployed.outcomes("archive_order", event["id"]) == []
    deployed.session.client("lambda").update_event_source_mapping(UUID=paused, Enabled=True)
    for event in events:
        deployed.wait_until_done(event["id"], "archive_order")
        assert len(archived(deployed.evidence, event["id"])) == 1


def test_a_duplicate_publish_repeats_no_effect(deployed: Deployed) -> None:
    event = new_event()
    deployed.wait_until_done(publish(deployed, event))
    publish(deployed, event)
    expected = {
        "send_receipt": ["done", "duplicate"],
        "notify_partner": ["done", "duplicate"],
        "archive_order": ["done", "done"],  # the second write is the same, and conditional
    }
    deployed.wait_until(
        lambda: {task: deployed.outcomes(task, event["id"]) for task in expected} == expected, "the second delivery"
    )
    assert len([each for each in deployed.evidence.emails() if event["id"] in each.text]) == 1
    assert len(deployed.receiver.requests(event["id"])) == 1
    assert len(archived(deployed.evidence, event["id"])) == 1


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("{not json {mark}", "ContractViolation"),
        ('{{"note": "no CloudEvent {mark}"}}', "ContractViolation"),
        ('{{"specversion": "1.0", "type": "order.placed.v2", "id": "{mark}"}}', "UnknownVersion"),
    ],
    ids=["not JSON", "not a CloudEvent", "of an unknown version"],
)
def test_a_message_that_is_no_event_is_dead_at_once_and_its_neighbour_is_not(
    body: str, error_type: str, deployed: Deployed
) -> None:
    mark = uuid.uuid4().hex
    good = new_event()
    queue = deployed.stack.subscriber("notify_partner").queue_url
    text = body.replace("{mark}", mark).replace("{{", "{").replace("}}", "}")
    deployed.session.client("sqs").send_message_batch(
        QueueUrl=queue, Entries=[{"Id": "bad", "MessageBody": text}, {"Id": "good", "MessageBody": json.dumps(good)}]
    )
    deployed.wait_until_dead(mark, "notify_partner")
    letter = dead_letter(deployed, "notify_partner", mark)
    assert letter["Body"] == text
    assert json.loads(letter["MessageAttributes"]["fanout.cause"]["StringValue"])["error_type"] == error_type
    deployed.wait_until_done(good["id"], "notify_partner")
