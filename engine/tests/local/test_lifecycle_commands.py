"""What `fanout local` says and leaves behind: to a program, to a shell, after Ctrl-C and after a wrong word."""

import signal
import stat
import subprocess
import sys
import time

import pytest

from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.project import find_root
from tests.local.conftest import Deployed
from tests.local.lifecycle import listening, local, members, needs_proc

pytestmark = pytest.mark.long


@needs_proc
def test_only_loopback_is_listened_on(deployed: Deployed) -> None:
    processes = [deployed.emulator.process.pid(), deployed.receiver.process.pid()]
    pids = [member for leader in processes if leader for member in members(leader)]
    assert len(pids) >= 2
    assert listening(pids) == {"0100007F"}  # 127.0.0.1


def test_a_program_that_sources_the_env_file_publishes(deployed: Deployed, program_environment: dict[str, str]) -> None:
    file = deployed.run.state.environment
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    body = (find_root() / "contracts" / "examples" / "valid" / "contact_form.json").read_text()
    event_id = f"sourced-{time.time_ns()}"
    program = (
        "import boto3, os, sys; boto3.client('sns').publish(TopicArn=os.environ['TOPIC_ARN'], "
        "Message=sys.argv[1], MessageAttributes={'type': {'DataType': 'String', 'StringValue': 'order.placed.v1'}})"
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
    assert "notify_partner" in told.stdout


@pytest.mark.parametrize("moment", ["emulator.pid", "deploy.log"])
def test_ctrl_c_in_the_demo_stops_everything(run: Run, program_environment: dict[str, str], moment: str) -> None:
    command = [sys.executable, "-m", "fanout.cli.main", "local", "demo", "--state", str(run.state.folder)]
    demo = subprocess.Popen(
        command, cwd=find_root(), env=program_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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


def test_a_task_runs_on_an_example_in_this_process_and_what_came_in_is_listed_without_bodies(
    deployed: Deployed, program_environment: dict[str, str]
) -> None:
    state = ["--state", str(deployed.run.state.folder)]
    deployed.receiver.answer(410, containing='"webhook-refuses"')
    done = local(["run", "notify_partner", "--example", "contact", *state], program_environment)
    assert done.returncode == 0 and "notify_partner is done" in done.stdout, done.stderr
    failed = local(["run", "notify_partner", "--example", "webhook-refuses", *state], program_environment)
    assert failed.returncode == 1
    assert "in notify_partner\n" in failed.stderr
    assert "PermanentError: the webhook answered 410" in failed.stderr
    assert "it would be a dead-letter message at once" in failed.stderr
    hidden, shown = (local(["inbox", *more, *state], program_environment).stdout for more in ([], ["--reveal"]))
    assert "answered 410" in hidden and "example.com" in hidden
    assert "webhook-refuses" not in hidden and "webhook-refuses" in shown


def test_the_handlers_that_are_deployed_can_be_imported(
    deployed: Deployed, program_environment: dict[str, str]
) -> None:
    told = local(["imports", "--state", str(deployed.run.state.folder)], program_environment)
    assert (told.returncode, told.stdout) == (0, "3 handlers can be imported\n"), told.stderr
