"""The runbook is true: every command in it exists, takes these words, and is run by a test or by the drill."""

import re
import shlex
from typing import Any

import pytest

from fanout.cli.main import command
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


def test_the_runbook_has_every_on_call_command() -> None:
    groups = ("dead", "intake")
    below = {f"{group} {name}" for group in groups for name in CLI.commands[group].commands}
    known = {*CLI.commands, *below} - {*groups, *NOT_ON_CALL}
    assert known - {" ".join(parsed(line)) for line in COMMANDS} == set()
