"""`fanout contract diff`, and what `fanout diff` says of the schemas, as a pipeline calls them."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fanout.contracts.validator import problem_finder
from tests.places import APP, SNAPSHOTS
from tests.unit.fanout import Run

SCHEMA: dict[str, Any] = json.loads((APP / "contracts/order_placed.v1.schema.json").read_text())
TYPE = "order.placed.v1"
Field = dict[str, Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """In a git repository whose HEAD has the schemas, the examples and the templates of the tests' own app."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(APP / "contracts", "contracts")
    shutil.copytree(SNAPSHOTS, "tests/snapshots")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "schemas"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments], check=True)
    return Run(monkeypatch, capsys)


def write(change: Any = None, *, name: str = "order_placed.v1", type_: str = TYPE) -> dict[str, Any]:
    """The working tree's schema: `change` is given its data."""
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["type"]["const"] = type_
    if change:
        change(schema["properties"]["data"])
    Path(f"contracts/{name}.schema.json").write_text(json.dumps(schema), "utf-8")
    return schema


def test_nothing_changed_is_0(run: Run) -> None:
    assert run("contract", "diff", "HEAD") == 0
    assert run.out.startswith(f"same {TYPE}\n0 types broken, 0 types changed, 1 in all\n")
    assert run.err == "compared HEAD:contracts with contracts\n"


def test_what_breaks_is_1_with_whom_and_by_which_event(run: Run) -> None:
    new = write(lambda data: data["required"].append("customer"))
    assert run("contract", "diff", "HEAD") == 1
    assert f"breaking {TYPE}\n  data.customer: is required now\n    breaks publishers, and events that wait" in run.out
    assert run("contract", "diff", "HEAD", "--json") == 1
    (found,) = run.json()["types"]
    (broken,) = found["breaks"]
    assert (found["type"], found["status"], found["complete"], broken["breaks"]) == (
        TYPE,
        "breaking",
        True,
        "publishers",
    )
    assert problem_finder(SCHEMA)(broken["example"]) is None
    assert problem_finder(new)(broken["example"]) is not None


def test_readers_are_named_by_the_templates(run: Run) -> None:
    write(lambda data: data["required"].remove("items"))
    assert run("contract", "diff", "HEAD") == 1
    assert "breaks readers that have the older schema: archive_order, notify_partner, send_receipt" in run.out
    only = json.loads((SNAPSHOTS / "OrderEvents-dev.json").read_text())
    for each in only["Resources"].values():
        if each["Type"] == "AWS::SNS::Subscription" and "NotifyPartner" not in json.dumps(each):
            each["Properties"]["FilterPolicy"] = {"type": ["order.cancelled.v1"]}
    Path("one.json").write_text(json.dumps(only))
    assert run("contract", "diff", "HEAD", "--templates", "one.json", "--json") == 1
    assert run.json()["types"][0]["takers"] == ["notify_partner"]


def test_without_a_new_version_it_breaks_and_with_one_it_is_a_line(run: Run) -> None:
    write(lambda data: data["required"].append("customer"), name="order_placed.v2", type_="order.placed.v2")
    assert run("contract", "diff", "HEAD") == 0
    assert "new version order.placed.v2\n  beside order.placed.v1\n" in run.out
    Path("contracts/order_placed.v1.schema.json").unlink()
    shutil.rmtree("contracts/examples")
    assert run("contract", "diff", "HEAD") == 1
    assert f"removed {TYPE}" in run.out and "there is order.placed.v2" in run.out


def test_compatible_is_0_with_what_was_compared(run: Run) -> None:
    write(lambda data: data["properties"].update(note={"type": "string"}))
    assert run("contract", "diff", "HEAD") == 0
    assert f"compatible {TYPE}\n  data.note is new: compatible unless" in run.out
    assert "Compared: what publishers (with formats) and tasks (without) accept" in run.out


def test_what_was_not_compared_is_said_and_fails_where_that_is_asked_for(run: Run) -> None:
    write(lambda data: data["properties"]["items"].update({"not": {"required": ["never seen"]}}))
    assert run("contract", "diff", "HEAD") == 0
    assert f"compatible in what was compared {TYPE}\n  not compared: data.items: not: anything before" in run.out
    assert run("contract", "diff", "HEAD", "--fail-on", "unseen") == 1
    assert run("contract", "diff", "HEAD", "--json") == 0
    assert run.json()["types"][0]["complete"] is False


def test_what_is_meant_is_allowed_by_an_option_or_by_the_committed_file(run: Run) -> None:
    write(lambda data: data["required"].append("customer"))
    assert run("contract", "diff", "HEAD", "--allow", TYPE) == 0 and f"allowed {TYPE}" in run.out
    assert run("contract", "diff", "HEAD", "--allow", "nobody.made.v1") == 2
    assert run.err == f"error: --allow nobody.made.v1: no such type; expected one of {TYPE}\n"
    entry = f'[[allow]]\nchange = "contract-broken"\nresource = "{TYPE}"\nreason = "nobody publishes it yet"\n'
    Path("allowed-changes.toml").write_text(entry)
    assert run("contract", "diff", "HEAD") == 0
    assert run("diff", "HEAD") == 0 and f"allowed contract-broken {TYPE}" in run.out
    Path("allowed-changes.toml").write_text(f"{entry}until = 2020-01-01\n")
    assert run("contract", "diff", "HEAD") == 1


def test_two_folders_and_two_revisions_are_compared_alike(run: Run) -> None:
    write(lambda data: data["required"].append("customer"))
    shutil.copytree(APP / "contracts", "old")
    assert run("contract", "diff", "old") == 1
    assert run("contract", "diff", "HEAD", "old") == 0
    assert run("contract", "diff", "HEAD", "HEAD") == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("no-such",), "no-such: neither a file or folder, nor a git revision of this repository"),
        (("HEAD", "--contracts", "none"), "HEAD: no *.schema.json in none there: give --contracts FOLDER, or compare folders"),
        (("HEAD", "--events", "none"), "--events none: there is no such folder"),
        (("broken",), "contract broken/a.schema.json: it is not JSON (line 1, column 2): correct it there"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(run: Run, arguments: tuple[str, ...], line: str) -> None:
    Path("broken").mkdir()
    Path("broken/a.schema.json").write_text("{")
    assert run("contract", "diff", *arguments) == 2
    assert run.err == f"error: {line}\n"


def test_a_schema_of_which_no_code_can_be_made_is_one_line(run: Run) -> None:
    write(lambda data: data.update(additionalProperties=False, required=[*data["required"], "nowhere"]))
    assert run("contract", "diff", "HEAD") == 2
    assert run.err.startswith("error: contract contracts/order_placed.v1.schema.json: ") and run.err.count("\n") == 1


def test_a_broken_schema_of_a_revision_is_named_by_the_revision(run: Run) -> None:
    Path("contracts/order_placed.v1.schema.json").write_text("[]")
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qam", "b"], check=True)
    assert run("contract", "diff", "HEAD", "HEAD~1") == 2
    assert run.err == "error: contract HEAD:contracts/order_placed.v1.schema.json: it holds no JSON object: write one\n"


def events(folder: Path) -> None:
    """41 events as archived, one of them of another type, and what is no event."""
    valid = json.loads((APP / "contracts/examples/valid/contact_form.json").read_text())
    for number in range(40):
        one = copy.deepcopy(valid)
        one["data"]["order_id"] = "secret-" + "x" * (3 if number else 60)
        one["data"]["items"] = {"answer": "a private answer"}
        target = folder / f"shop/{number}/event.json"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(one))
    (folder / "other.json").write_text(json.dumps({**valid, "type": "order.cancelled.v1"}))
    (folder / "strange.json").write_text(json.dumps({**valid, "type": "a private answer"}))
    (folder / "broken.json").write_text("{")
    (folder / "list.json").write_text("[1]")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "binary.json").write_bytes(b"\xff\xfe")
    (folder / "readme.txt").write_text("no event")


def test_archived_events_are_counted_and_never_shown(run: Run, tmp_path: Path) -> None:
    events(tmp_path / "archive")
    write(lambda data: data["properties"]["order_id"].update(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"))
    assert run("contract", "diff", "HEAD", "--events", "archive") == 1
    assert "archived: 1 of 40 would be refused, 1 of them newly\n" in run.out
    assert "    1: event.data.order_id must match pattern ^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$\n" in run.out
    assert "no schema 1 archived events of order.cancelled.v1\n" in run.out
    assert "no schema 1 archived events of what is no type\n" in run.out
    assert "not read 4 archived files: no JSON object with a type\n" in run.out
    assert run("contract", "diff", "HEAD", "--events", "archive", "--json") == 1
    assert run.json()["types"][0]["archived"]["newly_refused"] == 1
    assert run.json()["archive"] == {"unreadable": 4, "unknown": {"order.cancelled.v1": 1, "what is no type": 1}}
    assert "private" not in run.out and "secret" not in run.out


def test_events_that_the_older_schema_refused_as_well_break_nothing(run: Run, tmp_path: Path) -> None:
    events(tmp_path / "archive")
    for each in (tmp_path / "archive").rglob("event.json"):
        each.write_text(each.read_text().replace("secret-", "-"))
    assert run("contract", "diff", "HEAD", "--events", "archive") == 0
    assert "archived: 40 of 40 would be refused, 0 of them newly\n" in run.out


def test_a_pull_requests_comment_says_it(run: Run) -> None:
    write(lambda data: data["required"].append("customer"))
    assert run("contract", "diff", "HEAD", "--format", "markdown") == 1
    assert run.out.startswith("### What the schemas break\n\n**Not without a new version of the type.**\n\n| type |")
    row = next(line for line in run.out.splitlines() if line.startswith(f"| `{TYPE}`"))
    assert "**breaking** | data.customer | is required now | breaks publishers" in row
    assert run("diff", "HEAD", "--format", "markdown") == 1
    assert row in run.out and f"| **danger** | `contract-broken` | {TYPE} |" in run.out
    write()
    assert run("diff", "HEAD", "--format", "markdown") == 0 and "schemas break" not in run.out


@pytest.mark.long
def test_fanout_diff_counts_a_broken_contract_as_a_danger(run: Run) -> None:
    write(lambda data: data["required"].append("customer"))
    assert run("diff", "HEAD") == 1 and f"danger contract-broken {TYPE}" in run.out
    assert run("diff", "HEAD", "--allow", f"contract-broken:{TYPE}") == 0
    write(name="order_placed.v2", type_="order.placed.v2")
    write()
    assert run("diff", "HEAD") == 0 and "notice contract-changed order.placed.v2" in run.out
    shutil.rmtree("contracts")
    assert run("diff", "HEAD") == 0 and "contract" not in run.out


def test_fanout_diff_says_where_no_schemas_could_be_compared(run: Run) -> None:
    Path("contracts/order_placed.v1.schema.json").write_text("{")
    assert run("diff", "HEAD") == 0
    assert "not compared contracts: HEAD: contract contracts/order_placed.v1.schema.json: it is not JSON" in run.out
