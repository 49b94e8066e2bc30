"""Any template is described in a folder of its own, and never over the app's documents."""

import json
from pathlib import Path

import pytest

from fanout.catalog.overview import MOST_ARROWS, overview
from tests.unit.checks.bench.cases import Case, cases
from tests.unit.checks.test_size import fan
from tests.unit.fanout import Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsys)


def page(folder: Path, body: object) -> str:
    file = folder / "app.json"
    file.write_text(json.dumps(body))
    (text,) = overview(file).values()
    return text


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_every_case_of_the_bench_is_described(case: Case, tmp_path: Path) -> None:
    text = page(tmp_path, case.template)
    assert "Unknown" not in text and "object at 0x" not in text


def test_rules_buckets_and_pipes_are_in_the_picture(tmp_path: Path) -> None:
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}
    text = page(
        tmp_path,
        {
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue"},
                "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Id": "q", "Arn": queue}]}},
                "Pipe": {
                    "Type": "AWS::Pipes::Pipe",
                    "Properties": {"Source": queue, "Target": "arn:aws:sqs:eu-west-1:1:out"},
                },
            }
        },
    )
    assert 'app_Rule["Rule"] --> app_Queue[["Queue"]]' in text
    assert 'app_Queue[["Queue"]] --> app_Pipe["Pipe"]' in text
    assert "| Queue | Pipe | none |" in text and "| rule | Rule | Queue | is lost |" in text


def test_a_large_picture_is_cut_and_says_so(tmp_path: Path) -> None:
    text = page(tmp_path, fan(100))
    assert text.count(" --> ") == MOST_ARROWS and "more arrows" in text and "Queue99" in text


def test_what_was_not_seen_is_on_the_page(tmp_path: Path) -> None:
    assert "## Not seen" in page(tmp_path, {"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack"}}})


def test_a_foreign_assembly_is_never_written_over_the_apps_documents(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text('{"context": {"fanout:product": "OrderEvents"}}')
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "theirs.json").write_text(json.dumps(fan(1)))
    assert run("docs", "theirs.json") == 2
    assert "give --out FOLDER" in run.err
    assert run("docs", "theirs.json", "--out", "about") == 0
    assert (tmp_path / "README.md").read_text() == "mine"
    assert "flowchart LR" in (tmp_path / "about" / "README.md").read_text()
    assert run("docs", "theirs.json", "--out", "about", "--check") == 0
    (tmp_path / "about" / "README.md").write_text("old")
    assert run("docs", "theirs.json", "--out", "about", "--check") == 1


def test_what_has_no_price_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}))
    assert run("cost", "--assembly", "t.json") == 0
    assert "not seen, and not priced: t: Queue: nothing here takes the messages of 1" in run.out
    assert run("cost", "--assembly", "t.json", "--json") == 0
    assert len(run.json()["unseen"]) == 1
