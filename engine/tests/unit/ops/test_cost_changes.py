"""What a pull request's comment says about dollars."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fanout.cli import main
from fanout.costs.changes import CostChange, cost_changes, cost_markdown, in_one_line
from fanout.template.template import Template
from tests.places import SNAPSHOTS

PROD: dict[str, Any] = json.loads((SNAPSHOTS / "OrderEvents-prod.json").read_text())


def without_an_alarm() -> dict[str, Any]:
    """That of notify_partner's dead letters, which looks at one metric: ten cents."""
    body = copy.deepcopy(PROD)
    (alarm,) = [name for name in body["Resources"] if name.startswith("NotifyPartnerDeadLetterAlarm")]
    del body["Resources"][alarm]
    return body


def changed(before: Any, after: Any) -> list[CostChange]:
    return cost_changes({"prod": Template(before)} if before else {}, {"prod": Template(after)} if after else {})


def test_the_whole_comes_first_and_then_whoever_changes() -> None:
    found = changed(without_an_alarm(), PROD)
    assert [each.owner for each in found] == ["in all", "notify_partner"]
    for each in found:
        assert each.idle[1] - each.idle[0] == pytest.approx(0.10)
        assert each.busy[1] - each.busy[0] == pytest.approx(0.10)


def test_what_costs_the_same_is_not_mentioned() -> None:
    assert changed(PROD, PROD) == []
    assert cost_markdown([]) == "" and in_one_line([]) == ""


def test_a_new_stack_and_one_that_goes_are_told_from_and_to_nothing() -> None:
    (new, *_), (gone, *_) = changed(None, PROD), changed(PROD, None)
    assert (new.idle[0], gone.idle[1]) == (0, 0)
    assert new.idle[1] == gone.idle[0] > 5


def test_a_window_changes_traffic_and_not_idle() -> None:
    after = copy.deepcopy(PROD)
    mapping = next(each for each in after["Resources"].values() if each["Type"] == "AWS::Lambda::EventSourceMapping")
    mapping["Properties"]["MaximumBatchingWindowInSeconds"] = 20
    whole, one = changed(PROD, after)
    assert abs(whole.idle[1] - whole.idle[0]) < 0.05 and one.owner == "send_receipt"
    assert one.busy[1] < one.busy[0]


def test_markdown_is_one_row_each_and_the_one_line_names_the_stack() -> None:
    found = changed(without_an_alarm(), PROD)
    rows = [line for line in cost_markdown(found).splitlines() if line.startswith("| ")]
    assert rows[1].startswith("| **prod** | in all | ") and "| +0.10 |" in rows[1]
    assert rows[2].startswith("|  | notify_partner | ")
    assert in_one_line(found) == "dollars a month: prod +0.10 idle, +0.10 with 100,000 events"


def test_fanout_diff_says_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = tmp_path / "OrderEvents-prod.json"
    old.write_text(json.dumps(without_an_alarm()))
    said = {}
    for format in ("table", "markdown", "json"):
        arguments = ["fanout", "diff", str(old), str(SNAPSHOTS / "OrderEvents-prod.json"), "--format", format]
        monkeypatch.setattr("sys.argv", arguments)
        with pytest.raises(SystemExit):
            main.main()
        said[format] = capsys.readouterr().out
    assert "\ndollars a month: OrderEvents-prod +0.10 idle" in said["table"]
    assert "### What it would cost" in said["markdown"]
    assert isinstance(json.loads(said["json"]), list)
