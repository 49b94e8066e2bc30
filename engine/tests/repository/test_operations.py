"""The runbook is true: every command in it exists, takes these words, and is run by a test or by the drill."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from fanout import names
from fanout.cli.main import command
from fanout.ops.dead_letters.export import default_path
from tests.places import ENGINE, REPOSITORY

CLI: Any = command
RUNBOOK = (REPOSITORY / "docs" / "operations.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", RUNBOOK, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.startswith("fanout ")
]
RUN = "".join(
    path.read_text()
    for path in [*(ENGINE / "tests" / "local").glob("test_ops_*.py"), ENGINE / "src" / "fanout" / "local" / "drill.py"]
)


NOT_ON_CALL = {
    "check",
    "console",  # pages of the others, tested by tests/browser
    "contract",
    "cost",
    "deploy",
    "diff",
    "docs",
    "init",
    "install",
    "local",
    "new",
    "run",
    "verify",
    "work",
}


def parsed(line: str) -> list[str]:
    """The words of the command itself, as in dead redrive; raises for what it does not know."""
    words = shlex.split(line)[1:]
    command = CLI
    path = []
    while hasattr(command, "commands"):
        path.append(words.pop(0))
        command = command.commands[path[-1]]
    command.make_context(command.name, words)
    return path


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_a_command_of_the_runbook_exists_and_is_run_by_a_test(line: str) -> None:
    path = parsed(line)
    as_arguments = ", ".join(f'"{word}"' for word in path)
    assert as_arguments in RUN or f"fanout {' '.join(path)}" in RUN


@pytest.mark.parametrize("line", sorted({f"fanout {' '.join(parsed(line))}" for line in COMMANDS}))
def test_every_command_of_the_runbook_speaks_json(line: str) -> None:
    command = CLI
    for word in line.split()[1:]:
        command = command.commands[word]
    assert "--json" in {each for option in command.load().params for each in option.opts}


def test_a_patch_of_the_runbook_loses_nothing_of_an_event() -> None:
    patches = [words[words.index("--patch") + 1] for line in COMMANDS if "--patch" in (words := shlex.split(line))]
    assert patches
    assert {each["op"] for patch in patches for each in json.loads(patch)} <= {"move", "copy", "test"}


def test_a_file_that_the_runbook_takes_back_is_where_dead_drop_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (names.HOME, "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    found = [shlex.split(line) for line in COMMANDS if line.startswith("fanout dead import ")]
    assert found
    for words in found:
        _, task, run = Path(words[3]).stem.split("-")
        assert Path(words[3]).expanduser() == default_path(task, "dropped", run)


def test_the_runbook_has_every_on_call_command() -> None:
    groups = ("dead", "intake")
    below = {f"{group} {name}" for group in groups for name in CLI.commands[group].commands}
    known = {*CLI.commands, *below} - {*groups, *NOT_ON_CALL}
    assert known - {" ".join(parsed(line)) for line in COMMANDS} == set()
