"""The emulator is started and stopped in every order and after every accident. No test here deploys."""

import io
import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fanout.local.emulator.process import Process
from fanout.local.errors import LocalError
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.project import find_root
from tests.local.lifecycle import local, members, needs_proc, stranger, taken_port

pytestmark = pytest.mark.long


def invoke_a_function(run: Run) -> None:
    session = run.connection.session
    trust = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}'
    role = session.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context):\n    return 1\n")
    functions = session.client("lambda")
    functions.create_function(
        FunctionName="one", Role=role, Runtime="python3.13", Handler="handler.handle", Code={"ZipFile": code.getvalue()}
    )

    def is_active() -> bool:
        return functions.get_function_configuration(FunctionName="one")["State"] == "Active"

    wait_until(is_active, what="the function to be active", deadline=10)
    answer = functions.invoke(FunctionName="one")["Payload"].read()
    assert answer == b"1"


def test_starting_twice_starts_once(run: Run) -> None:
    run.emulator.start()
    first = run.emulator.process.pid()
    assert run.emulator.start() == ""
    assert run.emulator.process.pid() == first


def test_a_pid_file_of_a_process_that_is_gone_is_ignored(run: Run) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    run.state.pid("emulator").write_text(f"{gone.pid}\n")
    assert not run.emulator.is_running()
    run.emulator.start()
    assert run.emulator.is_running()


@pytest.mark.parametrize("content", ["", "not a pid", "-1", "0"])
def test_a_broken_pid_file_is_ignored(run: Run, content: str) -> None:
    run.state.pid("emulator").write_text(content)
    assert not run.emulator.is_running()
    assert not run.down()


def test_a_pid_that_belongs_to_a_stranger_by_now_is_left_alone(run: Run) -> None:
    with stranger() as other:
        run.state.pid("emulator").write_text(f"{other.pid}\n")
        assert not run.emulator.is_running()
        assert not run.down()
        assert other.poll() is None


def test_a_killed_emulator_is_started_again_on_its_port(run: Run) -> None:
    run.emulator.start()
    port, pid = run.connection.port, run.emulator.process.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not run.emulator.is_running(), what="the killed emulator to be gone", deadline=5)
    assert run.emulator.start() == ""
    assert run.connection.port == port


def test_a_later_program_finds_and_stops_it(run: Run, program_environment: dict[str, str]) -> None:
    run.emulator.start()
    pid = run.emulator.process.pid()
    stopped = local(["down", "--state", str(run.state.folder)], program_environment)
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")
    assert pid and not run.emulator.is_running()
    again = local(["down", "--state", str(run.state.folder)], program_environment)
    assert (again.returncode, again.stdout) == (0, "nothing ran\n")


def test_a_required_port_that_is_taken_is_one_line(run: Run, program_environment: dict[str, str]) -> None:
    with taken_port() as port:
        refused = local(["up", "--port", str(port), "--state", str(run.state.folder)], program_environment)
    assert refused.returncode == 2
    assert re.fullmatch(rf"error: port {port} cannot be used .*--port\n", refused.stderr)
    assert not run.emulator.is_running()


def test_a_remembered_port_that_is_taken_is_replaced_and_said(run: Run) -> None:
    with taken_port() as port:
        run.state.port("emulator").write_text(f"{port}\n")
        said = run.emulator.start()
        assert said == f"port {port} is taken by another program: the emulator listens on {run.connection.port}"
        assert run.connection.port != port


def test_another_port_needs_a_stop_first(run: Run) -> None:
    run.emulator.start()
    with pytest.raises(LocalError, match="`make down` first, to move it to 5000"):
        run.emulator.start(port=5000)


def test_two_checkouts_at_once(run: Run, tmp_path: Path) -> None:
    run.emulator.start()
    other = Run(tmp_path / "other", preferred_port=run.connection.port)
    other.state.create()
    try:
        assert "is taken by another program" in other.emulator.start()
        assert other.down()
        assert run.emulator.get("/_ministack/health")
    finally:
        other.down()


def test_two_commands_in_one_checkout_take_turns(run: Run, program_environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "fanout.cli.main", "local", "down", "--state", str(run.state.folder)]
    with run.state.lock(waiting=lambda: None):
        second = subprocess.Popen(command, cwd=find_root(), env=program_environment, stdout=subprocess.PIPE, text=True)
        assert second.stdout
        assert "waiting" in second.stdout.readline()
        assert second.poll() is None
    assert second.communicate(timeout=20)[0] == "nothing ran\n"
    assert second.returncode == 0


def test_a_lock_that_is_never_freed_is_one_line(run: Run) -> None:
    with run.state.lock(waiting=lambda: None), pytest.raises(LocalError, match="has been held for 0.1 s"):
        with run.state.lock(waiting=lambda: None, patience=0.1):
            raise AssertionError("two holders of one lock")


def test_a_program_that_ends_at_once_is_one_line_with_its_last_words(run: Run) -> None:
    process = Process("emulator", run.state)
    process.start(["/bin/sh", "-c", "echo no such module >&2; exit 3"], {})
    with pytest.raises(LocalError, match=r"the emulator ended at once: no such module; see .*emulator\.log"):
        process.wait_until_ready(lambda: False, deadline=5)


def test_what_ignores_being_asked_is_killed_with_its_children(run: Run) -> None:
    process = Process("emulator", run.state)
    process.start(["/bin/sh", "-c", "trap '' TERM; sleep 60 & while :; do sleep 1; done"], {"PATH": os.defpath})
    pid = process.pid()
    assert pid
    assert process.stop(patience=0.3)
    assert members(pid) == []


@needs_proc
@pytest.mark.parametrize("accident", [False, True], ids=["stopped", "killed"])
def test_functions_end_with_the_emulator(run: Run, accident: bool) -> None:
    run.emulator.start()
    group = run.emulator.process.pid()
    assert group
    invoke_a_function(run)
    assert len(members(group)) == 2
    if accident:
        os.kill(group, signal.SIGKILL)
        wait_until(lambda: not members(group), what="the function to notice", deadline=5)
    else:
        run.emulator.stop()
        assert members(group) == []


@needs_proc
def test_nothing_of_this_machines_environment_reaches_the_emulator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "SSL_CERT_DIR", "HTTPS_PROXY", "A_SECRET"):
        monkeypatch.setenv(name, "of this machine")
    run.emulator.start()
    run.receiver.start()
    for process in (run.emulator.process, run.receiver.process):
        assert b"of this machine" not in Path(f"/proc/{process.pid()}/environ").read_bytes()
