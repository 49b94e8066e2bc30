"""`fanout local up` again: nothing where nothing changed, and all of it where anything did."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fanout.local.run import Run
from fanout.local.watch import code
from tests.places import copy_app

pytestmark = pytest.mark.long

TASK = "archive_order"
NOTHING = "nothing changed since OrderEvents-local was deployed"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "app"
    copy_app(folder)
    monkeypatch.chdir(folder)
    yield folder


def test_up_again_does_what_is_needed_and_no_more(
    checkout: Path, run: Run, program_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "fanout.cli.main", "local", "up", "--state", str(run.state.folder)]
    variables = {name: value for name, value in program_environment.items() if name not in ("CI", "PYTHONPATH")}
    handler = checkout / "lambdas" / TASK / "handler.py"
    whole = handler.read_text()

    def up(*options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *options], env=variables, cwd=checkout, capture_output=True, text=True, check=False, timeout=120
        )

    def source() -> dict[str, str]:
        """The variables of a shell that has read what `up` wrote for it."""
        shell = (
            f"set -a; . {run.state.environment}; set +a; exec {sys.executable} -c 'import os; print(dict(os.environ))'"
        )
        told = subprocess.run(["/bin/sh", "-c", shell], env=variables, capture_output=True, text=True, check=True)
        found: dict[str, str] = ast.literal_eval(told.stdout)
        return found

    def is_nothing() -> bool:
        done = up()
        assert done.returncode == 0, done.stderr
        return NOTHING in done.stdout

    def code_of_the_task() -> str:
        function = run.stack().subscriber(TASK).function_name
        client = run.connection.session.client("lambda")
        return client.get_function_configuration(FunctionName=function)["CodeSha256"]

    def is_seen(change: Callable[[], object]) -> bool:
        change()
        return not is_nothing() and is_nothing()

    assert not is_nothing() and is_nothing()
    before, variables = variables, source()
    assert variables["FANOUT_STACK"] == "OrderEvents-local" and is_nothing()
    variables = source()
    assert is_nothing()
    variables = before
    first = code_of_the_task()
    assert is_seen(lambda: handler.write_text(f"{whole}# edited\n")) and code_of_the_task() != first
    assert is_seen(lambda: run.connection.session.client("cloudformation").delete_stack(StackName="OrderEvents-local"))
    assert is_seen(lambda: code.put(run.evidence(), TASK))
    assert is_seen(run.receiver.stop)
    assert is_seen(run.state.environment.unlink)
    assert is_seen(run.down)

    handler.write_text(f"import nosuchmodule\n{whole}")
    broken = [up() for _ in range(2)]
    assert all(each.returncode == 1 and "nosuchmodule" in each.stdout + each.stderr for each in broken)
    port = run.connection.port
    assert f"runs on port {port} already" in up("--port", str(port + 1 if port < 65535 else port - 1)).stderr
    assert is_seen(lambda: handler.write_text(whole)) and code_of_the_task() == first
