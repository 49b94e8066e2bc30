"""An intake's bill: what a minute's sweep costs while nobody comes, and what each entry does."""

from typing import Any

import pytest

from fanout.costs.intake import SWEEP, WEB
from fanout.costs.model import monthly

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


def quantities(events: int, part: str) -> dict[str, float]:
    bill = monthly(template(), events_per_month=events)
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


def test_without_one_nothing_changes() -> None:
    bare = {"Resources": {"F": function("a_task.handler.handle")}}
    assert not {each.what for each in monthly(bare, events_per_month=1_000).lines} & {"requests", "writes", "reads"}


@pytest.mark.parametrize("price", ["http-request", "dynamodb-read", "dynamodb-write"])
def test_its_prices_are_in_the_bill(price: str) -> None:
    assert price in {each.price for each in monthly(template(), events_per_month=10).lines}
