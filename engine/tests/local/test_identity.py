"""An event is its source and its id, on the embedded AWS: both sources' events have their effects, and other content is told."""

import json
from typing import Any

from demo import archived
from fanout import names
from fanout.runtime import record
from tests.local.conftest import Deployed
from tests.local.test_fan_out import TASKS, dead_letter, new_event, publish


def kept(deployed: Deployed, task: str, event: dict[str, Any]) -> dict[str, Any]:
    table = deployed.stack.outputs[names.RECORDS_TABLE_OUTPUT]
    key = {names.RECORD_KEY: {"S": record.key(task, event["id"])}}
    item = deployed.session.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
    found = item[record.attribute(event["source"])]["M"]
    assert item[names.RECORD_REFERENCE] == {"S": event["data"]["order_id"]}
    return {name: value for name, typed in found.items() for value in typed.values()}


def test_two_sources_with_one_id_have_both_effects(deployed: Deployed) -> None:
    one = new_event()
    other = {**one, "source": "https://shop.example/survey"}
    deployed.wait_until_done(publish(deployed, one))
    publish(deployed, other)
    deployed.wait_until(lambda: all(deployed.outcomes(task, one["id"]) == ["done"] * 2 for task in TASKS), "both")
    assert len([each for each in deployed.evidence.emails() if one["id"] in each.text]) == 2
    assert len(deployed.receiver.requests(one["id"])) == len(archived(deployed.evidence, one["id"])) == 2
    for task in TASKS:
        assert kept(deployed, task, one)["state"] == kept(deployed, task, other)["state"] == record.DONE


def test_the_same_identity_with_other_content_is_a_dead_letter_with_that_cause(deployed: Deployed) -> None:
    event = new_event()
    deployed.wait_until_done(publish(deployed, event))
    publish(deployed, {**event, "data": {**event["data"], "shop_id": "another"}})
    deployed.wait_until_dead(event["id"], "notify_partner")
    letter = dead_letter(deployed, "notify_partner", event["id"])
    assert json.loads(letter["MessageAttributes"][names.CAUSE_ATTRIBUTE]["StringValue"])["error_type"] == "OtherContent"
    deployed.wait_until(lambda: deployed.outcomes("notify_partner", event["id"]) == ["done", "dead"], "a line for each")
    assert (
        len(deployed.receiver.requests(event["id"])) == 1 and kept(deployed, "notify_partner", event)["state"] == "done"
    )
    deployed.wait_until(lambda: len(archived(deployed.evidence, event["id"])) == 2, "both in the archive")


def test_a_failure_is_kept_and_found_by_the_reference(deployed: Deployed) -> None:
    deployed.receiver.answer(status=410, containing="gone-for-good")
    event = new_event("gone-for-good")
    deployed.wait_until_dead(publish(deployed, event), "notify_partner")
    found = deployed.wait_until(
        lambda: (
            kept(deployed, "notify_partner", event)
            if kept(deployed, "notify_partner", event)["state"] == "dead"
            else None
        ),
        "the record",
    )
    letter = dead_letter(deployed, "notify_partner", event["id"])
    assert (found["error_type"], found["dead_letter"]) == ("PermanentError", letter["MessageId"])
    answer = deployed.session.client("dynamodb").query(
        TableName=deployed.stack.outputs[names.RECORDS_TABLE_OUTPUT],
        IndexName=names.REFERENCE_INDEX,
        KeyConditionExpression="#reference = :reference",
        ExpressionAttributeNames={"#reference": names.RECORD_REFERENCE},
        ExpressionAttributeValues={":reference": {"S": event["data"]["order_id"]}},
    )
    assert record.key("notify_partner", event["id"]) in {each[names.RECORD_KEY]["S"] for each in answer["Items"]}
