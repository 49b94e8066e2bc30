"""Redeploy: `make up` again, after one handler was edited and after nothing was, as the whole command from outside. 5 rounds.

Then `make watch`, from a handler's save until the embedded AWS says that the function has another code, asked every 10 ms.
In a copy of this checkout, so that no file of yours is edited; that the function's code is another one afterwards is
checked in each round. Beside it, in turn, what the CDK CLI needs to say its version.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import ROOT, Say, environment, interleaved, run, seconds
from benchmarks.harness.rows import Row, at_most, row
from benchmarks.harness.samples import Samples
from fanout.local.run import Run

TASK = "notify_webhook"
LINKED = (".venv", "node_modules")
ROUNDS = 5
LONGEST = 20.0
"""Seconds that one save may take."""


def measure(say: Say) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        say("copying the checkout")
        checkout = _copy(Path(folder) / "checkout")
        command = [sys.executable, "-m", "fanout.cli.main", "local", "up", "--state", str(checkout / ".local")]
        variables = environment(PYTHONPATH=str(checkout))
        variables.pop("CI", None)
        state = Run(checkout / ".local")
        try:
            say("the first deployment")
            run(command, environment=variables, cwd=checkout)

            def edited() -> float:
                before = _code(state)
                _edit(checkout)
                took = seconds(command, environment=variables, cwd=checkout)
                if _code(state) == before:
                    raise BenchmarkError("`make up` left the code of the edited function as it was")
                return took

            def unchanged() -> float:
                deployed = (checkout / ".local" / "deploy.log").stat().st_mtime_ns
                took = seconds(command, environment=variables, cwd=checkout)
                if (checkout / ".local" / "deploy.log").stat().st_mtime_ns != deployed:
                    raise BenchmarkError("`make up` deployed what had not changed")
                return took

            cli = [str(ROOT / "node_modules" / ".bin" / "cdk"), "--version"]
            times = interleaved(
                {
                    "make up": edited,
                    "make up, unchanged": unchanged,
                    "cdk --version": lambda: seconds(cli, environment=environment()),
                },
                rounds=ROUNDS,
                say=say,
            )
            yield _against(times, "make up", "make up after one edited handler", 4)
            yield _against(times, "make up, unchanged", "make up where nothing changed", 1)

            def saved() -> float:
                before = _code(state)
                began = time.perf_counter()
                _edit(checkout)
                while _code(state) == before:
                    if time.perf_counter() - began > LONGEST:
                        raise BenchmarkError("`make watch` left the code of the saved function as it was")
                    time.sleep(0.01)
                return time.perf_counter() - began

            with _watching([*command[:-3], "watch", *command[-2:]], variables, checkout):
                times = interleaved(
                    {"make watch": saved, "cdk --version": lambda: seconds(cli, environment=environment())},
                    rounds=2 * ROUNDS,
                    say=say,
                )
            yield _against(times, "make watch", "make watch, from a saved handler until it runs", 1)
        finally:
            state.down()


def _against(times: Mapping[str, Samples], variant: str, name: str, most: float) -> Row:
    cli = times["cdk --version"]
    return row(f"{name}, against cdk --version", times[variant], unit="s", peer=cli, goal=at_most(most))


def _edit(checkout: Path) -> None:
    handler = checkout / "lambdas" / TASK / "handler.py"
    handler.write_text(f"{handler.read_text()}# edited at {time.time_ns()}\n")


@contextmanager
def _watching(command: list[str], variables: dict[str, str], checkout: Path) -> Iterator[None]:
    """From its first look at the files to Ctrl-C."""
    with subprocess.Popen(
        command,
        env=variables,
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as watch:
        assert watch.stdout is not None
        try:
            if not any(line.startswith("watching ") for line in watch.stdout):
                raise BenchmarkError("`make watch` ended before it watched")
            yield
        finally:
            watch.send_signal(signal.SIGINT)
            try:
                watch.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                watch.kill()


def _copy(to: Path) -> Path:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    shutil.copytree(ROOT / ".fanout", to / ".fanout")
    for name in LINKED:
        (to / name).symlink_to(ROOT / name)
    return to


def _code(state: Run) -> str:
    function = state.stack().subscriber(TASK).function_name
    asked = state.connection.session.client("lambda").get_function_configuration(FunctionName=function)
    return asked["CodeSha256"]
