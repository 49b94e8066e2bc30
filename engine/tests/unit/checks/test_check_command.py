"""`fanout check` and `fanout diff` as a person or a pipeline calls them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fanout.checks.rules import RULES
from tests.places import APP, SNAPSHOTS
from tests.unit.fanout import Run

QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "invoices"}}}}
YAML = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Sub '${AWS::StackName}-x'}\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsys)


def write(path: Path, body: Any) -> Path:
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return path


def test_clean_templates_exit_0(run: Run) -> None:
    assert run("check", SNAPSHOTS, "--contract", APP / "contracts") == 0
    assert run.out.startswith("clean: 4 templates")


def test_findings_exit_1_and_have_the_documented_shape(run: Run, tmp_path: Path) -> None:
    assert run("check", write(tmp_path / "t.json", QUEUE), "--format", "json") == 1
    assert all(list(each) == ["rule", "severity", "resource", "path", "message", "fix", "link"] for each in run.json())
    assert {each["rule"] for each in run.json()} == {
        "physical-name",
        "queue-without-dead-letter-queue",
        "queue-without-tls",
        "unseen",
    }


def test_the_table_says_what_why_and_how_to_fix_it(run: Run, tmp_path: Path) -> None:
    assert run("check", write(tmp_path / "t.json", QUEUE)) == 1
    rule = RULES["queue-without-dead-letter-queue"]
    for text in (
        "error (lost) queue-without",
        rule.why,
        "Queue: no RedrivePolicy",
        rule.fix,
        rule.link,
        "1 error and 2",
    ):
        assert text in run.out


def test_hygiene_is_one_line_a_rule_behind_what_is_lost(run: Run, tmp_path: Path) -> None:
    topics = {f"Topic{number}": {"Type": "AWS::SNS::Topic"} for number in range(20)}
    body = {"Resources": {**topics, **QUEUE["Resources"]}}
    assert run("check", write(tmp_path / "t.json", body)) == 1
    assert run.out.startswith("error (lost) queue-without-dead-letter-queue")
    assert "hygiene topic-without-tls\n  20: Topic0, Topic1," in run.out and run.out.count("Topic") == 8


def test_a_rule_is_explained(run: Run) -> None:
    assert run("check", "--explain", "policy-overwritten") == 0
    assert RULES["policy-overwritten"].what in run.out and "Rights" in run.out
    assert run("check", "--explain", "policy-overwriten") == 2
    assert "did you mean policy-overwritten" in run.err
    assert run("check", "--explain", "nope") == 2
    assert run.err == "error: --explain nope: there is no such rule; a finding begins with the name of its rule\n"
    assert run("check") == 2
    assert "what to check?" in run.err


def test_a_baseline_accepts_what_is_there_and_nothing_new(run: Run, tmp_path: Path) -> None:
    template, baseline = write(tmp_path / "t.json", QUEUE), tmp_path / "baseline.json"
    assert run("check", template, "--baseline", baseline) == 2
    assert "--reason TEXT makes it" in run.err
    assert run("check", template, "--baseline", baseline, "--reason", "taken over in May") == 0
    assert "3 findings accepted" in run.err
    assert run("check", template, "--baseline", baseline) == 0
    assert "taken over in May (baseline of " in run.out
    assert run("check", template, "--baseline", baseline, "--reason", "again") == 2
    more = {"Resources": {**QUEUE["Resources"], "Other": {"Type": "AWS::SNS::Topic"}}}
    assert run("check", write(tmp_path / "t.json", more), "--baseline", baseline) == 1
    assert "topic-without-tls" in run.out
    write(tmp_path / "t.json", {"Resources": {}})
    assert run("check", template, "--baseline", baseline) == 0
    assert "3 of its findings are found no more" in run.err


@pytest.mark.parametrize("body", ["[]", "{}", '{"reason": "x", "date": "y", "findings": [1]}', '{"findings": []}', "{"])
def test_a_baseline_that_is_none_is_one_line(body: str, run: Run, tmp_path: Path) -> None:
    assert run("check", write(tmp_path / "t.json", QUEUE), "--baseline", write(tmp_path / "b.json", body)) == 2
    assert run.err.startswith("error: ") and run.err.count("\n") == 1


def test_sarif_has_rule_file_and_line(run: Run, tmp_path: Path) -> None:
    assert run("check", write(tmp_path / "t.yaml", YAML), "--format", "sarif") == 1
    found = run.json()["runs"][0]
    result = next(each for each in found["results"] if each["ruleId"] == "queue-without-dead-letter-queue")
    assert found["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("t.yaml", 2)


def test_a_name_that_only_the_deployment_knows_is_not_a_literal_name(run: Run, tmp_path: Path) -> None:
    run("check", write(tmp_path / "t.yaml", YAML), "--format", "json")
    assert "physical-name" not in {each["rule"] for each in run.json()}


def test_acknowledged_findings_are_shown_and_do_not_count(run: Run, tmp_path: Path) -> None:
    rules = ("physical-name", "queue-without-dead-letter-queue", "queue-without-tls")
    reasons = [{"rule": rule, "resource": "Queue", "reason": "a scratch queue"} for rule in rules]
    file = write(tmp_path / "reasons.json", reasons)
    template = write(tmp_path / "t.json", QUEUE)
    assert run("check", template, "--acknowledgements", file) == 0
    assert run.out.count("reason: a scratch queue") == 3
    assert run("check", template, "--acknowledgements", file, "--format", "json") == 0
    assert [each.get("acknowledged", each["rule"]) for each in run.json()] == ["a scratch queue"] * 3 + ["unseen"]
    run("check", template, "--acknowledgements", file, "--format", "sarif")
    suppressed = [each for each in run.json()["runs"][0]["results"] if each["ruleId"] != "unseen"]
    assert len(suppressed) == 3 and all(each["suppressions"] for each in suppressed)


def test_an_acknowledgement_that_matches_nothing_is_a_finding(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "reasons.json", [{"rule": "too-few-attempts", "resource": "Queue", "reason": "old"}])
    assert run("check", write(tmp_path / "t.json", {"Resources": {}}), "--acknowledgements", file) == 1
    assert "matches no finding" in run.out


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("gone.json", None, "no such file"),
        ("void.json", "", "empty"),
        ("list.json", [1], "no Resources"),
        ("cut.json", '{"Resources": ', "not JSON"),
        ("cut.yaml", "Resources: [", "not YAML"),
        ("alias.yaml", "a: &a [1]\nResources: {b: *a}", "aliases"),
        ("deep.json", "[" * 9000, "too deeply"),
        ("nested.json", '{"Resources": {}, "a": ' + "[" * 200 + "]" * 200 + "}", "too deeply"),
    ],
)
def test_unusable_input_is_one_line_and_exit_2(run: Run, tmp_path: Path, name: str, body: Any, said: str) -> None:
    if body is not None:
        write(tmp_path / name, body)
    for arguments in (("check", tmp_path / name), ("diff", tmp_path / name, tmp_path / name)):
        assert run(*arguments) == 2
        assert run.err.startswith("error: ") and run.err.count("\n") == 1
        assert said in run.err or name == "gone.json"
        assert run.out == ""


def test_binary_input_and_an_empty_folder_are_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(bytes(range(128, 256)))
    assert run("check", tmp_path / "b.json") == 2 and "not text" in run.err
    (tmp_path / "folder").mkdir()
    assert run("check", tmp_path / "folder") == 2 and "no CloudFormation template" in run.err


@pytest.mark.parametrize("arguments", [("check",), ("check", "--frob"), ("frob",), ("diff", "x", "--format", "xml")])
def test_a_wrong_command_line_is_one_line(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == 2
    assert run.err.startswith("error: ") and run.err.count("\n") == 1


def test_a_template_cannot_colour_the_screen(run: Run, tmp_path: Path) -> None:
    evil = {"Resources": {"Q\u001b[31m\ud800": {"Type": "AWS::SQS::Queue"}}}
    assert run("check", write(tmp_path / "t.json", evil)) == 1
    assert "\u001b" not in run.out and "Q\\x1b[31m\\ud800" in run.out


def test_diff_says_danger_and_how_to_allow_it(run: Run, tmp_path: Path) -> None:
    shorter = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 60}}}}
    plain = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    old, new = write(tmp_path / "old.json", plain), write(tmp_path / "new.json", shorter)
    assert run("diff", old, new) == 1
    assert "danger retention-shortened Queue" in run.out and "--allow retention-shortened" in run.out
    assert run("diff", old, new, "--allow", "retention-shortened") == 0
    assert run("diff", old, new, "--allow", "retention-shortened:Queue", "--format", "json") == 0
    assert [(each["change"], each["danger"], each["allowed"]) for each in run.json()] == [
        ("retention-shortened", True, True)
    ]
    assert run("diff", old, new, "--format", "markdown") == 1
    assert "| **danger** | `retention-shortened` | Queue |" in run.out
    assert run("diff", old, old) == 0 and run.out == "no changes\n"
    assert run("diff", old, new, "--allow", "everything") == 2 and "no such danger" in run.err


def test_diff_reads_a_git_revision(run: Run, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments], check=True, cwd=tmp_path
        )

    git("init", "-q", "-b", "main")
    write(tmp_path / "empty.json", {})
    git("add", ".")
    git("commit", "-qm", "nothing yet")
    (tmp_path / "tests/snapshots").mkdir(parents=True)
    write(tmp_path / "tests/snapshots/OrderEvents-dev.json", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    git("add", ".")
    git("commit", "-qm", "a queue")
    assert run("diff", "HEAD") == 0 and run.out == "no changes\n"
    assert run("diff", "HEAD~1") == 2 and "no templates" in run.err
    write(tmp_path / "tests/snapshots/OrderEvents-dev.json", {"Resources": {}})
    assert run("diff", "HEAD") == 1 and "queue-removed" in run.out
    assert run("diff", "main", "HEAD") == 0
    assert run("diff", "no-such-branch") == 2 and "nor a git revision" in run.err


def test_diff_compares_what_was_synthesized_last(run: Run, tmp_path: Path) -> None:
    old = write(tmp_path / "old.json", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    (tmp_path / "cdk.out").mkdir()
    (tmp_path / "stacks").mkdir()
    write(tmp_path / "cdk.out" / "OrderEvents-dev.template.json", {"Resources": {}})
    write(tmp_path / "cdk.out" / "manifest.json", {})
    assert run("diff", old) == 1 and "queue-removed" in run.out
    assert run.err == f"compared {old} with cdk.out\n"
    later = tmp_path / "stacks" / "settings.py"
    later.touch()
    os.utime(later, (2e9, 2e9))
    assert run("diff", old) == 2
    assert run.err == "error: cdk.out is older than stacks/settings.py: run make synth, or name NEW\n"


def test_diff_with_a_snapshot_says_nothing_of_code(run: Run, tmp_path: Path) -> None:
    def function(key: str, memory: int) -> dict[str, object]:
        properties = {"Code": {"S3Key": key}, "MemorySize": memory}
        return {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}}

    snapshot = write(tmp_path / "snapshot.json", function("<asset>.zip", 128))
    assert run("diff", snapshot, write(tmp_path / "new.json", function("0" * 64 + ".zip", 128))) == 0
    assert run.out == "no changes\n"
    assert run("diff", snapshot, write(tmp_path / "more.json", function("0" * 64 + ".zip", 256))) == 0
    assert "function-updated" in run.out and "Code" not in run.out
    assert run("diff", tmp_path / "new.json", write(tmp_path / "code.json", function("1" * 64 + ".zip", 128))) == 0
    assert "Code" in run.out


def test_diff_outside_of_git_is_one_line(run: Run, tmp_path: Path) -> None:
    assert run("diff", "HEAD", tmp_path) == 2
    assert run.err == "error: HEAD: no such file, and this folder is no git repository: give a file or folder\n"


def test_diff_reads_what_is_allowed_from_the_apps_root(run: Run, tmp_path: Path) -> None:
    old = write(tmp_path / "old.json", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    new = write(tmp_path / "new.json", {"Resources": {}})
    allowed = tmp_path / "allowed-changes.toml"
    allowed.write_text('[[allow]]\nchange = "queue-removed"\nresource = "Queue"\nreason = "it is empty"\n')
    assert run("diff", old, new) == 0 and "allowed queue-removed Queue" in run.out
    assert run("diff", new, new) == 0
    assert "allowed-changes.toml: queue-removed:Queue allows nothing: remove the entry" in run.err
    allowed.write_text("[[allow]]\n")
    assert run("diff", old, new) == 2 and run.err.count("\n") == 1
