"""An intake's bill: what a minute's sweep costs while nobody comes, what each entry does, and what is kept of it."""

from typing import Any

import pytest

from fanout.costs.bill import STACK
from fanout.costs.intake import SWEEP, WEB
from fanout.costs.model import monthly
from tests.unit.costs.test_model import tagged

MINUTES = 43_200


def function(handler: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Handler": handler, "MemorySize": 256, "Architectures": ["arm64"]},
    }


def template() -> dict[str, Any]:
    return {
        "Resources": {
            "Web": function(WEB),
            "Stream": function("fanout.intake.relay.on_stream"),
            "Sweep": function(SWEEP),
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {}},
            "Schedule": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "ScheduleExpression": "rate(1 minute)",
                    "Target": {"Arn": {"Fn::GetAtt": ["Sweep", "Arn"]}},
                },
            },
        }
    }


def keeping(**told: str) -> dict[str, Any]:
    """With a table of its own, under a key, as production has it; `told` to the function that answers."""
    found = template()
    for name in ("Web", "Stream", "Sweep"):
        variables: dict[str, Any] = {"FANOUT_INTAKE_TABLE": {"Ref": "Entries"}}
        variables |= {"FANOUT_INTAKE_KEEP_SECONDS": str(60 * 86_400), **told} if name == "Web" else {}
        found["Resources"][name]["Properties"] |= {"Environment": {"Variables": variables}, "Tags": tagged("intake")}
    properties = {
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
        "Tags": tagged("intake"),
    }
    found["Resources"]["Entries"] = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    found["Resources"]["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"Tags": tagged("intake")}}
    return found


def quantities(events: int, part: str, of: dict[str, Any] | None = None) -> dict[str, float]:
    bill = monthly(of or template(), events_per_month=events)
    assert bill.unpriced == ()
    return {each.what: each.quantity for each in bill.lines if each.part == part}


def test_idle_it_is_a_sweep_each_minute_and_one_metric() -> None:
    found = quantities(0, "idle")
    assert (found["invocations"], found["schedule"], found["metrics of its own"]) == (MINUTES, MINUTES, 1)
    assert found["reads"] == 2 * MINUTES
    assert "writes" not in found and "requests" not in found


def test_each_entry_is_three_requests_a_transaction_and_a_mark() -> None:
    found = quantities(1_000, "traffic")
    assert found["requests"] == 3_000
    assert found["invocations"] == 4_000
    item = 3  # KB: an event of 2 and what stands beside it
    assert found["writes"] == 1_000 * (2 * item + 2 + 1 + 2 * item + item)


def test_entries_are_paid_for_as_long_as_they_are_kept() -> None:
    """Two months of a million, of 3 KB each, and as much for recovery; two roles ask the key every five minutes."""
    found = quantities(1_000_000, "traffic", keeping())
    assert found["entries kept"] == found["entries, to any point in time"] == pytest.approx(6)
    assert found["key requests"] == pytest.approx(2 * 8_640)
    assert quantities(0, "idle", keeping())["key requests"] == pytest.approx(8_640, rel=0.01)
    assert "entries kept" not in quantities(1_000_000, "traffic")


def test_who_is_found_again_costs_a_write_and_a_status_page_a_read_of_each_task() -> None:
    plain, more = (
        quantities(1_000, "traffic", keeping(**told))
        for told in ({}, {"FANOUT_INTAKE_SUBJECT_SECRET": "arn", "FANOUT_INTAKE_TASKS": "a,b,c"})
    )
    assert more["writes"] - plain["writes"] == 2_000  # in the transaction
    assert more["reads"] - plain["reads"] == 1_500  # half a unit each


def test_what_carries_the_tag_of_no_task_is_the_stacks() -> None:
    """So that the rows of a bill are its sum."""
    bill = monthly(keeping(), events_per_month=1_000)
    assert bill.subscribers == () and {each.owner for each in bill.lines} == {STACK}
    assert bill.dollars("idle", STACK) == bill.idle > 1


def test_without_one_nothing_changes() -> None:
    bare = {"Resources": {"F": function("a_task.handler.handle")}}
    assert not {each.what for each in monthly(bare, events_per_month=1_000).lines} & {"requests", "writes", "reads"}


@pytest.mark.parametrize("price", ["http-request", "dynamodb-read", "dynamodb-write"])
def test_its_prices_are_in_the_bill(price: str) -> None:
    assert price in {each.price for each in monthly(template(), events_per_month=10).lines}
