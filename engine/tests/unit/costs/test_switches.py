"""What each setting would change: by the bill of the same template with it the other way."""

import json
from typing import Any

import pytest

from fanout.batching import BATCHING
from fanout.costs.model import monthly
from fanout.costs.switches import switches
from tests.places import ENGINE, SNAPSHOTS

MILLION = 1_000_000


def snapshot(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SNAPSHOTS / f"OrderEvents-{name}.json").read_text())
    return found


def by_setting(template: dict[str, Any]) -> dict[str, tuple[str, str, float]]:
    found = switches(template, events_per_month=MILLION, batching=BATCHING)
    assert [each.dollars for each in found] == sorted(each.dollars for each in found)
    return {each.setting: (each.now, each.instead, round(each.dollars, 2)) for each in found}


def test_production_is_told_what_each_of_its_settings_is_worth() -> None:
    assert by_setting(snapshot("prod")) == {
        "encryption": ("customer-keys", "sqs-managed", -5.39),
        "batching": ("latency", "cost", -3.98),
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


def test_a_template_of_other_hands_has_the_switches_that_it_shows() -> None:
    assert switches({"Resources": {}}, events_per_month=MILLION, batching=BATCHING) == []
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}}
    assert [
        each.setting for each in switches({"Resources": {"Log": group}}, events_per_month=1, batching=BATCHING)
    ] == ["log_retention"]
    assert monthly({"Resources": {"Log": group}}, events_per_month=1).total == 0
