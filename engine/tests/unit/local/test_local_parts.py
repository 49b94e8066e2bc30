"""The parts of local/ that need no process: what they write, read and say."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.local import deploy, program
from fanout.local.emulator.connection import Connection, without_real_aws
from fanout.local.emulator.emulator import NAME, Emulator
from fanout.local.emulator.state import State, write_private
from fanout.local.errors import LocalError
from fanout.local.run import ADDED, dotenv
from fanout.local.wait import wait_until


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path)
    made.create()
    return made


@pytest.fixture
def connection(state: State) -> Connection:
    return Connection(4566, state.authority)


@pytest.mark.parametrize(
    "value", ["plain", "/home/a b/ca.pem", "it's", '$HOME `id` \\ "x"', "it's $HOME `id` \\ \"", ""]
)
def test_a_shell_reads_the_env_file_as_it_was_meant(tmp_path: Path, value: str) -> None:
    file = tmp_path / "env"
    file.write_text(dotenv({"VALUE": value}))
    script = f'set -a; . {shlex.quote(str(file))}; printf %s "$VALUE"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


def test_plain_values_are_written_without_quotes_as_every_reader_of_env_files_expects() -> None:
    assert dotenv({"A": "https://127.0.0.1:4566", "B": "arn:aws:sns:eu-west-1:0:t"}) == (
        "A=https://127.0.0.1:4566\nB=arn:aws:sns:eu-west-1:0:t\n"
    )


def test_a_private_file_is_replaced_whole_and_is_nobody_elses(tmp_path: Path) -> None:
    file = tmp_path / "env"
    write_private(file, "old")
    write_private(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_real_is_inherited() -> None:
    given = {"AWS_PROFILE": "prod", "aws_x": "kept", "CDK_DEFAULT_ACCOUNT": "1", "https_proxy": "p", "PATH": "/bin"}
    options_of_the_cdk_cli = {"CDK_PROFILE": "prod", "CDK_ROLE_ARN": "arn:aws:iam::1:role/deploys", "CDK_PROXY": "p"}
    assert without_real_aws({**given, **options_of_the_cdk_cli}) == {"aws_x": "kept", "PATH": "/bin"}


def test_clients_ignore_this_machines_settings(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    real = {"AWS_PROFILE": "no-such-profile", "AWS_ENDPOINT_URL": "https://real.example", "AWS_REGION": "us-east-1"}
    for name, value in {**real, "AWS_ACCESS_KEY_ID": "real", "HTTPS_PROXY": "http://proxy.example"}.items():
        monkeypatch.setenv(name, value)
    client = connection.session.client("sns")
    assert (client.meta.endpoint_url, client.meta.region_name) == ("https://127.0.0.1:4566", "eu-west-1")
    credentials = connection.session.get_credentials()
    assert credentials and credentials.access_key == "test"


def test_all_that_is_asked_of_one_emulator_is_asked_in_one_session(state: State) -> None:
    emulator = Emulator(state)
    state.port(NAME).write_text("4566")
    session = emulator.connection.session
    assert Emulator(state).connection.session is session
    state.port(NAME).write_text("4567")
    assert emulator.connection.session is not session


def test_a_proxy_of_this_machine_does_not_stand_between(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    monkeypatch.setenv("no_proxy", "corp.example,internal.example")
    told = connection.variables
    assert told["NO_PROXY"] == told["no_proxy"] == "internal.example,corp.example,127.0.0.1"


def test_waiting_ends_at_its_deadline() -> None:
    with pytest.raises(LocalError, match="gave up after 0.05 s of waiting for the end of time"):
        wait_until(lambda: False, what="the end of time", deadline=0.05, every=0.01)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'error: settings local: region is 5'; echo 'python app.py: Subprocess exited with error 1'; exit 1", "error: settings local: region is 5"),
        ("echo Traceback; echo '  File x'; echo 'ModuleNotFoundError: no module x'; exit 1", "ModuleNotFoundError: no module x"),
        ("echo 'OrderEvents-local'; echo '❌  OrderEvents-local failed: the queue exists'; exit 1", "❌  OrderEvents-local failed: the queue exists"),
        ("echo '❌  OrderEvents-local failed to deploy'; echo '  ‣ ValidationError: no such type'; exit 1", "ValidationError: no such type"),
        ("exit 1", "it said nothing"),
    ],
)  # fmt: skip
def test_a_failed_deployment_is_one_line_with_the_clis_own_reason(
    state: State, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    cdk = tmp_path / "cdk"
    cdk.write_text(f"#!/bin/sh\n{script}\n")
    cdk.chmod(0o755)
    monkeypatch.setattr(deploy, "find_cdk", lambda: cdk)
    with pytest.raises(LocalError) as raised:
        deploy.deploy(connection, state, lambda text: None, "cdk.out")
    assert str(raised.value) == f"cdk deploy failed: {told}; all it said is in {state.log('deploy')}"


def test_a_deployment_that_hangs_is_ended(
    state: State, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdk = tmp_path / "cdk"
    cdk.write_text("#!/bin/sh\necho waiting for ever\nsleep 60\n")
    cdk.chmod(0o755)
    monkeypatch.setattr(deploy, "find_cdk", lambda: cdk)
    monkeypatch.setattr(program, "DEADLINE", 0.2)
    with pytest.raises(LocalError, match="waiting for ever"):
        deploy.deploy(connection, state, lambda text: None, "cdk.out")


@pytest.fixture
def started(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a CDK CLI writes down that runs its --app, as often as it is started."""
    cdk, found = tmp_path / "cdk", tmp_path / "started"
    cdk.write_text(
        f'#!/bin/sh\necho started >> {found}\nuntil [ "$1" = --app ]; do shift; done\n'
        f'[ -d "$2" ] || sh -c "$2" || exit 1\nls {state.assembly}\n'
    )
    cdk.chmod(0o755)
    monkeypatch.setattr(deploy, "find_cdk", lambda: cdk)
    return found


@pytest.fixture
def early(state: State, connection: Connection) -> Iterator[deploy.Early]:
    made = deploy.Early(connection, state)
    yield made
    made.end()


def test_a_cli_that_was_started_early_waits_for_the_assembly(
    state: State, connection: Connection, started: Path, early: deploy.Early
) -> None:
    early.start()
    wait_until(lambda: started.exists() and started.read_text(), what="the CLI", deadline=10)
    state.assembly.mkdir()
    (state.assembly / "made.template.json").touch()
    deploy.deploy(connection, state, lambda text: None, str(state.assembly), early)
    assert state.log("deploy").read_text() == "made.template.json\n"
    assert started.read_text() == "started\n"


@pytest.mark.parametrize("ended", [True, False])
def test_what_was_started_early_for_nothing_is_ended_and_another_deploys(
    state: State, connection: Connection, started: Path, early: deploy.Early, ended: bool
) -> None:
    """Whether whoever is asked ended it, or the CLI is to synthesize itself."""
    state.assembly.mkdir()
    early.start()
    wait_until(lambda: started.exists() and started.read_text(), what="the CLI", deadline=10)
    if ended:
        early.end()
    deploy.deploy(connection, state, lambda text: None, str(state.assembly) if ended else "echo mine", early)
    assert early.take() is None and state.log("deploy").read_text() == ("" if ended else "mine\n")
    assert started.read_text() == "started\n" * 2


def test_a_cli_that_waits_for_nothing_ends_with_whoever_started_it(state: State, tmp_path: Path, started: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from fanout.local import deploy;"
        "from fanout.local.emulator.connection import Connection; from fanout.local.emulator.state import State;"
        "deploy.find_cdk = lambda: Path(sys.argv[1]); early = deploy.Early(Connection(1, Path('ca')), State(Path(sys.argv[2])));"
        "early.start(); print(early._cdk.pid, flush=True); sys.stdin.read(); os._exit(9)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "cdk"), str(state.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdin and killed.stdout
        waiting = int(killed.stdout.readline())
        wait_until(lambda: started.exists() and started.read_text(), what="the CLI", deadline=10)
    wait_until(lambda: not _runs(waiting), what="its end", deadline=10)


def _runs(pid: int) -> bool:
    """A process that ended and that nobody waited for, as in a container without an init, runs no more."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return told.strip()[:1] not in ("", "Z")


def test_a_missing_cli_says_what_to_do(state: State, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "find_cdk", lambda: Path("/nowhere/cdk"))
    with pytest.raises(LocalError, match="/nowhere/cdk does not exist: `make install` first"):
        deploy.deploy(connection, state, lambda text: None, "cdk.out")


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("OrderEvents-local |  27/44 | 7:27:48 AM | CREATE_COMPLETE | AWS::SQS::Queue | Q (Q1)", "resource 27 of 44: AWS::SQS::Queue"),
        ("OrderEvents-local |  27 | 7:27:48 AM | CREATE_IN_PROGRESS      | AWS::SQS::Queue | Q (Q1)", "resource 27: AWS::SQS::Queue"),
        ("✨  Synthesis time: 3s", "comparing and uploading the code"),
        ("anything else", ""),
    ],
)  # fmt: skip
def test_progress_is_read_from_the_clis_lines(line: str, meaning: str) -> None:
    assert deploy._progress(line) == meaning


@pytest.mark.parametrize(
    ("before", "path", "no_proxy"),
    [
        ({"PATH": "/mine", "NO_PROXY": "corp.example"}, ":/mine", "corp.example,127.0.0.1"),
        ({"PATH": "/mine", "no_proxy": "corp.example"}, ":/mine", "corp.example,127.0.0.1"),
        ({}, "", "127.0.0.1"),
    ],
)
def test_what_a_shell_has_in_path_and_no_proxy_stays_and_the_apps_python_comes_first(
    tmp_path: Path, before: dict[str, str], path: str, no_proxy: str
) -> None:
    (tmp_path / "env").write_text(ADDED)
    script = 'set -a; unset UNSET $FORGET; . "$1"; printf "%s\n" "$PATH" "$NO_PROXY" "$no_proxy"'
    forget = "" if before else "PATH"
    told = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(tmp_path / "env")],
        env={**before, "FORGET": forget},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines() == [f"{Path(sys.executable).parent}{path}", no_proxy, no_proxy]


def test_what_would_lead_a_shell_past_the_embedded_aws_is_unset(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(ADDED)
    kept = {"PATH": os.defpath, "AWS_ENDPOINT_URL": "https://127.0.0.1:4566"}
    elsewhere = {
        "AWS_PROFILE": "prod",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ENDPOINT_URL_S3": "u",
        "AWS_ENDPOINT_URL_SQS": "u",
    }
    script = 'set -ae; . "$1"; env'
    told = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(tmp_path / "env")],
        env={**kept, **elsewhere},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in told.stdout.splitlines() if line.startswith("AWS_")] == [
        "AWS_ENDPOINT_URL=https://127.0.0.1:4566"
    ]
