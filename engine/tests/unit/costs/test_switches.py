"""What each setting would change: by the bill of the same template with it the other way."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.batching import BATCHING
from fanout.costs.model import monthly
from fanout.costs.switches import _retain, switches
from tests.examples import examples
from tests.places import ENGINE, SNAPSHOTS
from tests.unit.checks.test_any_json import ANY_JSON, body, places

MILLION = 1_000_000


def snapshot(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SNAPSHOTS / f"OrderEvents-{name}.json").read_text())
    return found


def by_setting(template: dict[str, Any]) -> dict[str, tuple[str, str, float]]:
    found = switches(template, events_per_month=MILLION, batching=BATCHING)
    assert [each.dollars for each in found] == sorted(each.dollars for each in found)
    return {each.setting: (each.now, each.instead, round(each.dollars, 2)) for each in found}


def test_production_is_told_what_each_of_its_settings_is_worth() -> None:
    """idempotent: a write less for each of 1.01 million attempts at the two tasks that claim, $0.625 a million."""
    assert by_setting(snapshot("prod")) == {
        "alarms": ("full", "essential", -6.50),
        "encryption": ("customer-keys", "sqs-managed", -5.39),
        "batching": ("latency", "cost", -3.98),
        "heartbeat": ("5 minutes", "None", -2.39),
        "idempotent": ("False", "True", -1.26),
        "log_retention": ("365 days", "30 days", -0.24),
        "metrics": ("essential", "full", 1.8),
        "tracing": ("pass-through", "active", 20.26),
    }


def test_the_document_shows_the_same_table() -> None:
    document = (ENGINE / "docs" / "cost.md").read_text()
    for each in switches(snapshot("prod"), events_per_month=MILLION, batching=BATCHING):
        assert f"| {each.setting} | {each.now} | {each.instead} | {each.dollars:+.2f} |" in document


def test_a_switch_thrown_twice_costs_what_it_did() -> None:
    dev = by_setting(snapshot("dev"))
    assert dev["tracing"][:2] == ("active", "pass-through") and dev["tracing"][2] == pytest.approx(-20.09, abs=0.01)
    assert "encryption" not in dev and "log_retention" not in dev


def test_nothing_is_changed_in_the_template_that_is_asked_about() -> None:
    template = snapshot("prod")
    before = json.dumps(template)
    switches(template, events_per_month=MILLION, batching=BATCHING)
    assert json.dumps(template) == before


def test_a_log_that_is_kept_for_less_stays_as_it_is() -> None:
    kept = {days: {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days}} for days in (7, 365)}
    changed = _retain({"Resources": {str(days): each for days, each in kept.items()}}, "")
    assert [each["Properties"]["RetentionInDays"] for each in changed["Resources"].values()] == [7, 30]


def test_what_is_no_task_has_no_switch_of_a_task() -> None:
    """As an intake: its function knows neither which metrics are sent nor a batch of a queue."""
    function = {"Handler": "fanout.intake.relay.on_stream", "Environment": {"Variables": {"FANOUT_TASK": "Intake"}}}
    mapping = {"EventSourceArn": {"Fn::GetAtt": ["Entries", "StreamArn"]}, "FunctionName": {"Ref": "Relay"}}
    intake = {
        "Entries": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}},
        "Relay": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    assert by_setting({"Resources": intake}).keys() == {"tracing"}


@given(st.data())
@settings(max_examples=examples(40), deadline=None)
def test_random_json_in_random_places_has_switches(data: st.DataObject) -> None:
    template = copy.deepcopy(body())
    for container, key in data.draw(st.lists(st.sampled_from(places(template)), min_size=1, max_size=3)):
        container[key] = data.draw(ANY_JSON)
    for each in switches(template, events_per_month=MILLION, batching=BATCHING):
        assert math.isfinite(each.dollars)


def test_a_template_of_other_hands_has_the_switches_that_it_shows() -> None:
    assert switches({"Resources": {}}, events_per_month=MILLION, batching=BATCHING) == []
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}}
    assert [
        each.setting for each in switches({"Resources": {"Log": group}}, events_per_month=1, batching=BATCHING)
    ] == ["log_retention"]
    assert monthly({"Resources": {"Log": group}}, events_per_month=1).total == 0
