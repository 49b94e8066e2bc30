"""Starting and stopping, in every order and after every accident. What needs no deployment makes none."""

import io
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from local.certificate import make_certificate
from local.errors import LocalError
from local.loopback import HOST, port_of
from local.process import Process
from local.run import Run
from local.signature import signature_of
from local.state import ROOT
from local.waiting import wait_until
from tests.local.conftest import Deployed

KEY = "bWFkZSB1cCBmb3IgYSB0ZXN0"


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as stranger:
        stranger.bind((HOST, 0))
        stranger.listen()
        yield port_of(stranger)


@contextmanager
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def local(arguments: Sequence[str], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "local", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def members(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, its_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(folder.name))
    return found


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


needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc, which only Linux has")


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
    assert refused.returncode == 1
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
    command = [sys.executable, "-m", "local", "down", "--state", str(run.state.folder)]
    with run.state.lock(waiting=lambda: None):
        second = subprocess.Popen(command, cwd=ROOT, env=program_environment, stdout=subprocess.PIPE, text=True)
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


def listening(pids: Sequence[int]) -> set[str]:
    """Addresses, in the kernel's hexadecimal, that these processes accept connections on."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            inodes.add(os.readlink(descriptor).removeprefix("socket:[").rstrip("]"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (table.startswith("udp") or fields[3] == "0A"):
                found.add(fields[1].partition(":")[0])
    return found


@needs_proc
def test_only_loopback_is_listened_on(deployed: Deployed) -> None:
    processes = [deployed.emulator.process.pid(), deployed.receiver.process.pid()]
    pids = [member for leader in processes if leader for member in members(leader)]
    assert len(pids) >= 2
    assert listening(pids) == {"0100007F"}  # 127.0.0.1


def test_a_program_that_sources_the_env_file_publishes(deployed: Deployed, program_environment: dict[str, str]) -> None:
    file = deployed.run.state.environment
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    body = (ROOT / "contracts" / "examples" / "valid" / "contact_form.json").read_text()
    event_id = f"sourced-{time.time_ns()}"
    program = (
        "import boto3, os, sys; boto3.client('sns').publish(TopicArn=os.environ['FORM_EVENTS_TOPIC_ARN'], "
        "Message=sys.argv[1], MessageAttributes={'type': {'DataType': 'String', 'StringValue': 'form.submitted.v1'}})"
    )
    script = 'set -a; . "$1"; exec "$2" -c "$3" "$4"'
    body = body.replace("00000000-0000-4000-8000-000000000001", event_id)
    subprocess.run(
        ["bash", "-c", script, "bash", str(file), sys.executable, program, body], env=program_environment, check=True
    )
    deployed.wait_until_done(event_id)


def test_status_for_programs(deployed: Deployed, program_environment: dict[str, str]) -> None:
    told = local(["status", "--json", "--state", str(deployed.run.state.folder)], program_environment)
    assert told.returncode == 0
    assert '"status": "CREATE_COMPLETE"' in told.stdout
    assert "notify_webhook" in told.stdout


@pytest.mark.parametrize("moment", ["emulator.pid", "deploy.log"])
def test_ctrl_c_in_the_demo_stops_everything(run: Run, program_environment: dict[str, str], moment: str) -> None:
    command = [sys.executable, "-m", "local", "demo", "--state", str(run.state.folder)]
    demo = subprocess.Popen(
        command, cwd=ROOT, env=program_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until((run.state.folder / moment).exists, what=moment, deadline=20, every=0.01)
    emulator = wait_until(run.emulator.process.pid, what="the emulator's pid", deadline=5, every=0.01)
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert said == "interrupted: everything that this command started was stopped\n"
    assert members(emulator) == []
    assert not run.receiver.is_running()
    assert not run.state.environment.exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["up", "--port", "abc"], "error: Invalid value for '--port'"),
        (["up", "--port", "70000"], "error: Invalid value for '--port'"),
        (["frobnicate"], "error: No such command 'frobnicate'"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: list[str], line: str, program_environment: dict[str, str]) -> None:
    refused = local(arguments, program_environment)
    assert refused.returncode != 0
    assert refused.stderr.startswith(line)
    assert refused.stderr.count("\n") == 1


# --- the webhook's receiver -----------------------------------------------------------------------------------------


@pytest.fixture
def receiver_run(run: Run) -> Run:
    make_certificate(run.state)
    run.receiver.start()
    return run


def post(run: Run, body: bytes, headers: dict[str, str] | None = None, timeout: float = 5) -> int:
    context = ssl.create_default_context(cafile=str(run.state.authority))
    request = Request(run.receiver.url, data=body, headers=headers or {}, method="POST")
    try:
        with urlopen(request, context=context, timeout=timeout) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_the_receiver_answers_as_it_is_told_and_heals(receiver_run: Run) -> None:
    receiver, body = receiver_run.receiver, b'{"data": {"form_id": "contact"}}'
    assert post(receiver_run, body) == 200
    receiver.answer(500)
    receiver.answer(410, form_id="contact")
    assert post(receiver_run, body) == 410
    assert post(receiver_run, b"{}") == 500
    assert [(each.form_id, each.answer) for each in receiver.requests()] == [
        ("contact", 200),
        ("contact", 410),
        (None, 500),
    ]
    receiver.heal()
    receiver.forget()
    assert post(receiver_run, body) == 200
    assert len(receiver.requests()) == 1


def test_the_receiver_can_be_too_slow(receiver_run: Run) -> None:
    receiver_run.receiver.answer(200, delay=2)
    with pytest.raises((TimeoutError, URLError)):
        post(receiver_run, b"{}", timeout=0.2)


def test_the_receiver_checks_signatures_with_the_key_it_is_given(receiver_run: Run) -> None:
    from notify_webhook.signature import sign

    headers = sign("an-event", '{"a": 1}', KEY)
    post(receiver_run, b'{"a": 1}', headers)
    post(receiver_run, b'{"a": 2}', headers)
    seen = receiver_run.receiver.requests("an-event")
    assert [each.signature for each in seen] == ["no key yet", "no key yet"]
    receiver_run.receiver.give_key(KEY)
    seen = receiver_run.receiver.requests("an-event")
    assert [each.signature for each in seen] == ["valid", "invalid"]


def test_the_receiver_logs_no_body_and_survives_nonsense(receiver_run: Run) -> None:
    assert post(receiver_run, b"\xff not json: an answer") == 200
    with socket.create_connection((HOST, receiver_run.receiver.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert receiver_run.receiver.requests()[0].form_id is None
    assert "an answer" not in receiver_run.state.log("receiver").read_text()


def test_a_signature_is_refused_when_it_is_old_or_missing() -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": "1000", "webhook-signature": "v1,x"}
    assert signature_of(headers, b"", KEY, received_at=1000) == "invalid"
    assert signature_of(headers, b"", KEY, received_at=2000) == "too old or too new"
    assert signature_of({}, b"", KEY, received_at=1000) == "unsigned"
    assert signature_of(headers, b"", "***", received_at=1000) == "the key is not base64"
