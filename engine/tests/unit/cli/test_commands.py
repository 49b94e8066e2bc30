"""The table of commands: what is in it exists, says what the command says, and is imported by that command alone."""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout.cli import aws_command, main
from fanout.cli.lazy import LazyCommand, command_group
from fanout.errors import Unusable
from tests.unit.fanout import Run

WITHOUT_A_STACK = {
    "init",
    "new task",
    "check",
    "diff",
    "docs",
    "cost",
    "install",
    "deploy check",
    "deploy prepare",
    "deploy stacks",
    "contract build",
    "contract check",
    "contract diff",
}


def commands(group: Any, *above: str) -> Iterator[tuple[str, LazyCommand]]:
    for name, each in group.commands.items():
        if isinstance(each, LazyCommand):
            yield " ".join([*above, name]), each
        else:
            yield from commands(each, *above, name)


COMMANDS = dict(commands(main.command))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_itself_says(name: str) -> None:
    summary = str(COMMANDS[name].help)
    said = str(COMMANDS[name].load().help)
    assert said.startswith(summary.rstrip(".")), f"{summary!r} in the table, {said!r} in the command"


@pytest.mark.parametrize(
    "name",
    sorted(
        name for name in COMMANDS.keys() - WITHOUT_A_STACK if not name.startswith(("console", "local ", "run", "work"))
    ),
)
def test_every_command_that_asks_aws_speaks_json_and_finds_a_stack_in_the_same_way(name: str) -> None:
    options = set(inspect.signature(COMMANDS[name].load().callback).parameters)
    assert options >= {"as_json", "stack", "env", "profile", "region"}
    assert "target" not in options


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules, and ours in full, that `fanout` with these arguments has loaded in the end."""
    code = (
        "import json, sys\nfrom fanout.cli.main import main\nsys.argv = ['fanout', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    print(json.dumps(list(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    names = json.loads(ran.stderr.splitlines()[-1])
    return {each if each.startswith("fanout.") else each.partition(".")[0] for each in names}


def test_help_imports_no_command() -> None:
    loaded = loaded_by("--help")
    assert {each for each in loaded if each.startswith("fanout.")} == {
        "fanout.cli", "fanout.cli.lazy", "fanout.cli.main", "fanout.errors", "fanout.words"
    }  # fmt: skip
    assert loaded.isdisjoint({"boto3", "botocore", "aws_cdk"})


@pytest.mark.long
@pytest.mark.parametrize("command", ["check", "diff", "cost"])
def test_what_reads_templates_needs_neither_the_sdk_nor_the_cdk(command: str) -> None:
    loaded = loaded_by(command, "no-such-template.json")
    assert f"fanout.cli.{command}" in loaded
    assert loaded.isdisjoint({"boto3", "botocore", "aws_cdk"})


def test_an_extra_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonpatch", None)
    group = command_group("fanout", "", {"fly": ("jsonpatch.fly:fly", "Fly.")})
    with pytest.raises(
        Unusable, match=r"^`fanout fly` needs fanout\[cli\]: install that extra from where this fanout came$"
    ):
        group.main(["fly"], standalone_mode=False)


@pytest.mark.parametrize(
    ("env", "stack", "variable", "name"),
    [
        ("dev", "Another", None, "CardOrders-dev"),
        (None, "Another", "Old", "Another"),
        (None, None, "Old", "Old"),
    ],
)
def test_the_stack_is_the_environments_of_this_product_or_the_one_named(
    env: str | None,
    stack: str | None,
    variable: str | None,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "cdk.json").write_text('{"context": {"fanout:product": "CardOrders"}}')
    monkeypatch.chdir(tmp_path)
    if variable:
        monkeypatch.setenv("CARD_ORDERS_STACK", variable)
    asked: list[str] = []

    def find(_: object, name: str) -> SimpleNamespace:
        asked.append(name)
        return SimpleNamespace(unseen=["Ship: its queue is in another Region"])

    monkeypatch.setattr(aws_command, "find", find)
    aws_command.connect(aws_command.Target(stack=stack, env=env, region="eu-west-1"))
    assert asked == [name]
    assert capsys.readouterr().err == "not seen: Ship: its queue is in another Region\n"


@pytest.mark.parametrize(
    "command", [["dead", "list"], ["intake", "status"], ["cost"], ["check", "--publisher-next", "order.placed.v1"]]
)
def test_where_no_app_says_what_its_stacks_are_called_an_environment_means_none(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(monkeypatch, capsys, *command)
    assert run("--env", "prod") == 2
    assert run.err == (
        "error: --env prod: no cdk.json here or above says which stack that is: give --stack, as alarms do\n"
    )


def test_without_a_stack_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unusable, match="^which stack"):
        aws_command.connect(aws_command.Target())
