"""What a revision holds of a folder, whatever its files are called and hold."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.diff.git import commit_of, files_at
from fanout.errors import Unusable
from fanout.project import ARGUMENTS
from tests.unit.fanout import Run

Git = Callable[..., str]


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Git:
    """In a repository of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        return subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    run("init", "-q", "-b", "main")
    return run


def test_each_file_has_its_text_whatever_it_is_called_and_holds(git: Git) -> None:
    texts = {
        "a.json": '{"a": 1}\n',
        "empty": "",
        "no end": "x",
        "below/b c.json": "é\n\n",
        "\tü\n.json": "blob 3\n",
        '"': "\0",
    }
    for name, text in texts.items():
        Path("kept", name).parent.mkdir(parents=True, exist_ok=True)
        Path("kept", name).write_text(text, "utf-8")
    Path("kept/binary").write_bytes(b"\xff")
    Path("kept/link").symlink_to("a.json")
    Path("other").write_text("no")
    git("add", ".")
    git("commit", "-qm", "all")
    Path("kept/a.json").unlink()
    assert files_at(commit_of("HEAD"), Path("kept")) == {**texts, "binary": "\ufffd", "link": "a.json"}
    assert files_at(commit_of("HEAD"), Path("nowhere")) == {}


def test_a_folder_is_of_the_working_directory(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("app/contracts").mkdir(parents=True)
    Path("app/contracts/a.json").write_text("{}")
    git("add", ".")
    git("commit", "-qm", "all")
    monkeypatch.chdir("app")
    assert files_at(commit_of("HEAD"), Path("contracts")) == {"a.json": "{}"}


def test_the_snapshots_of_any_folder_are_compared(
    git: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path("schnappschüsse, alle")
    folder.mkdir()
    for number in (1, 2):
        topics = {f"Topic{each}": {"Type": "AWS::SNS::Topic"} for each in range(number)}
        (folder / "Shop-dev.json").write_text(json.dumps({"Resources": topics}))
        git("add", ".")
        git("commit", "-qm", f"{number}")
    run = Run(monkeypatch, capsys)
    assert run("diff", "HEAD~1", "--snapshots", folder) == 0
    assert "Topic1" in run.out and "Topic0" not in run.out


def assembly(folder: Path, arguments: list[str], *stacks: str) -> None:
    """As an app writes it."""
    folder.mkdir()
    artifacts = {
        each: {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{each}.template.json"}}
        for each in stacks
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    for each in stacks:
        (folder / f"{each}.template.json").write_text(json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))
    (folder / ARGUMENTS).write_text(json.dumps(arguments))


@pytest.mark.parametrize(
    ("arguments", "removed", "not_compared"),
    [
        (["local"], ["Form-local"], ["Shop-dev", "Shop-prod"]),
        ([], ["Form-local", "Shop-dev", "Shop-prod"], []),
        (["--fast"], ["Form-local", "Shop-dev", "Shop-prod"], []),
    ],
    ids=["for one environment", "for all", "with arguments of its own"],
)
def test_a_stack_that_the_app_was_not_asked_for_is_not_told_as_removed(
    arguments: list[str],
    removed: list[str],
    not_compared: list[str],
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assembly(Path("before"), [], "Shop-local", "Form-local", "Shop-dev", "Shop-prod")
    assembly(Path("cdk.out"), arguments, "Shop-local")
    run = Run(monkeypatch, capsys)
    assert run("diff", "before", "--format", "json") == 1
    told = [(each["change"], each["stack"]) for each in run.json()]
    assert sorted(told) == sorted(
        [*(("stack-removed", each) for each in removed), *(("unseen", each) for each in not_compared)]
    )
    run("diff", "before")
    assert ("not compared Shop-dev: all of it: cdk.out was made for local alone: run make synth" in run.out) is bool(
        not_compared
    )


def test_a_stack_that_has_an_environment_within_its_name_is_told_as_removed(
    git: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    removed = ["Form-dev", "Shop-dev-Intake", "Shop-dev-intake", "Shop-intake-dev", "Watch"]
    assembly(Path("before"), [], *removed, "Shop-dev", "Shop-prod", "Form-prod")
    assembly(Path("cdk.out"), ["dev"], "Shop-dev")
    run = Run(monkeypatch, capsys)
    assert run("diff", "before", "--format", "json") == 1
    told = {(each["change"], each["stack"]) for each in run.json()}
    not_made = {("unseen", each) for each in ("Shop-prod", "Form-prod")}
    assert told == {("stack-removed", each) for each in removed} | not_made


def test_an_object_that_is_missing_is_no_text_and_the_next_ones_have_theirs(git: Git) -> None:
    for name in "abc":
        Path(name).write_text(name)
    git("add", ".")
    git("commit", "-qm", "all")
    name = git("rev-parse", "HEAD:b")
    Path(".git/objects", name[:2], name[2:]).unlink()
    assert files_at(commit_of("HEAD"), Path()) == {"a": "a", "b": "", "c": "c"}


def test_no_revision_no_repository(git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="^main: neither a file or folder, nor a git revision"):
        commit_of("main")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent.parent))
    (tmp_path.parent / "outside").mkdir()
    monkeypatch.chdir(tmp_path.parent / "outside")
    with pytest.raises(Unusable, match="^main: no such file, and this folder is no git repository"):
        commit_of("main")
