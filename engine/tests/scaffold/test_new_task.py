"""`fanout new task`: folder, handler, test and call, or one line and nothing."""

import ast
import sys
from pathlib import Path

import pytest

from fanout.cli.main import main
from fanout.scaffold.engine import Engine
from fanout.scaffold.naming import Names
from fanout.scaffold.repository import write_repository
from fanout.scaffold.stack_file import call_of, find_place
from tests.places import APP

STACK = "stacks/shop_stack.py"
CONTRACT = "contracts/order_placed.v1.schema.json"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new team's repository, without the engine in it."""
    root = tmp_path / "shop"
    write_repository(root, Names("Shop", "order.placed.v1"), Engine("0", ""))
    monkeypatch.chdir(root)
    path = [each for each in sys.path if Path(each) != APP / "lambdas"]  # its tasks are no installed packages
    monkeypatch.setattr("sys.path", path)
    return root


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def new_task(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(SystemExit) as ended:
        patched.setattr("sys.argv", ["fanout", "new", "task", *arguments])
        main()
    code = ended.value.code
    assert isinstance(code, int)
    return code


def refused(app: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line it says; that nothing was written is checked here."""
    before = tree(app)
    assert new_task(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), tree(app)) == ("", 1, before)
    assert err.startswith("error: ")
    return err


def test_it_makes_folder_handler_and_test_and_shows_the_call(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(app)
    assert new_task("sync_crm") == 0
    made = {name: text for name, text in tree(app).items() if name not in before}
    assert sorted(made) == [
        "lambdas/sync_crm/__init__.py",
        "lambdas/sync_crm/handler.py",
        "tests/tasks/sync_crm/test_sync_crm.py",
    ]
    assert "from events import OrderPlaced\n" in made["lambdas/sync_crm/handler.py"]
    assert "def sync_crm(event: OrderPlaced) -> None:" in made["lambdas/sync_crm/handler.py"]
    assert all(ast.parse(text) for text in made.values())
    assert {name: text for name, text in tree(app).items() if name in before} == before
    said = capsys.readouterr().out
    place = find_place(app / "stacks", "order.placed.v1")
    assert call_of(place, "sync_crm") in said and f"write this in {STACK}, behind line {place.line}" in said


def test_with_write_the_call_is_in_the_stack(app: Path) -> None:
    before = (app / STACK).read_text().splitlines()
    call = call_of(find_place(app / "stacks", "order.placed.v1"), "sync_crm")
    assert new_task("sync_crm", "--write") == 0
    lines = (app / STACK).read_text().splitlines()
    (written,) = [number for number, line in enumerate(lines) if line.strip() == call]
    assert not lines[written - 1] and not lines[written + 1] and lines[:written] + lines[written + 2 :] == before


def test_it_is_found_from_a_folder_below(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app / "lambdas")
    assert new_task("sync_crm") == 0
    assert (app / "lambdas/sync_crm/handler.py").exists()


def test_of_several_events_one_is_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (app / CONTRACT).read_text().replace("order.placed.v1", "order.paid.v1")
    (app / "contracts/order_paid.v1.schema.json").write_text(text)
    said = refused(app, capsys, "sync_crm")
    assert (
        "contracts/ has 2 events: say which one, as in --event order.paid.v1 (order.paid.v1, order.placed.v1)" in said
    )
    assert "is not in contracts/: expected" in refused(app, capsys, "sync_crm", "--event", "order.lost.v1")
    assert new_task("sync_crm", "--event", "order.paid.v1") == 0
    assert "event: OrderPaid" in (app / "lambdas/sync_crm/handler.py").read_text()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("archive_order", "exists: lambdas/archive_order is there"),
        ("Sync-CRM", "is no name of a Python module"),
        ("events", "would hide a module"),
        ("email", "would hide a module"),
        ("fanout", "would hide a module"),
    ],
)
def test_a_name_that_can_not_be_is_one_line(name: str, why: str, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert why in refused(app, capsys, name, "--write")


def test_outside_of_an_app_it_says_so(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "cdk.json").unlink()
    assert "have no cdk.json" in refused(app, capsys, "sync_crm")


@pytest.mark.parametrize("folder", ["lambdas", "stacks", "contracts"])
def test_a_missing_folder_is_named(folder: str, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / folder).rename(app / "elsewhere")
    assert f"has no folder {folder}/" in refused(app, capsys, "sync_crm")


def test_where_there_is_no_one_place_the_call_is_shown_and_nothing_is_written(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (app / "stacks/other.py").write_text((app / STACK).read_text())
    said = refused(app, capsys, "sync_crm", "--write")
    assert "2 files of stacks/: other.py, shop_stack.py" in said
    assert 'write the call yourself: Subscriber(self, "SyncCrm", topic=topic, task="sync_crm")' in said
    assert new_task("sync_crm") == 0


def test_with_two_topics_the_call_is_for_the_one_that_carries_the_event(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (app / CONTRACT).read_text().replace("order.placed.v1", "order.paid.v1")
    (app / "contracts/order_paid.v1.schema.json").write_text(text)
    stack = (app / STACK).read_text()
    (topic,) = [line for line in stack.splitlines(keepends=True) if "events = Topic(" in line]

    def with_types(*types: str) -> None:
        paid = topic.replace("events", "paid").replace('"OrderPlaced"', '"OrderPaid"')
        both = [line.replace(")", f"{each})") for line, each in zip((topic, paid), types, strict=True)]
        (app / STACK).write_text(stack.replace(topic, "".join(both)))

    with_types("", "")
    said = refused(app, capsys, "sync_crm", "--event", "order.paid.v1", "--write")
    assert "which topic in stacks/ carries order.paid.v1 is not clear: events, paid, so write the call yourself" in said
    with_types(', types=["order.placed.v1"]', ', types=["order.paid.v1"]')
    assert new_task("sync_crm", "--event", "order.paid.v1", "--write") == 0
    assert 'Subscriber(self, "SyncCrm", topic=paid, task="sync_crm")' in (app / STACK).read_text()


def test_a_stack_with_windows_line_ends_keeps_them(app: Path) -> None:
    written = (app / STACK).read_bytes().replace(b"\n", b"\r\n")
    (app / STACK).write_bytes(written)
    assert new_task("sync_crm", "--write") == 0
    lines = (app / STACK).read_bytes().split(b"\n")
    assert len(lines) > written.count(b"\n") + 1 and all(each.endswith(b"\r") for each in lines[:-1])


def test_a_construct_of_the_same_name_is_refused(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (app / STACK).open("a") as stack:
        stack.write('\n\ndef more(scope: object) -> object:\n    return Bucket(scope, "SyncCrm")\n')
    assert "has a construct 'SyncCrm' already" in refused(app, capsys, "sync_crm", "--write")
