"""`kill` and a closed terminal end a command as Ctrl-C does: no file with answers stays, and no editor."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.ops.interrupt import ended_like_ctrl_c, postponed

ANSWER = "canary-7f3a"
COMMAND = f"""
import signal, sys
if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
from fanout.cli.aws_command import aws_command
from fanout.ops.dead_letters.editor import open_editor
from fanout.ops.dead_letters.message import DeadLetterMessage

@aws_command
def edit(target):
    return open_editor(DeadLetterMessage("m", "r", '{{"id": "{ANSWER}"}}', {{}}, {{}}))

print(edit(stack=None, env=None, profile=None, region=None)["id"])
"""
EDITOR = """
import os, pathlib, signal, sys
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
path = pathlib.Path(sys.argv[-1])
path.with_name(".event.json.swp").write_text(path.read_text())  # as vi does
with open({ready!r}, "w") as ready:
    ready.write(f"{{os.getpid()}} {{path}}")
with open({go!r}) as go:
    go.read()
"""


class Edit:
    """The command in a process of its own, with an editor that waits."""

    def __init__(self, folder: Path, *, stubborn: bool = False, nohup: bool = False) -> None:
        self.temporary, self.go = folder / "temporary", folder / "go"
        self.temporary.mkdir()
        ready, script = folder / "ready", folder / "editor.py"
        for each in (ready, self.go):
            os.mkfifo(each)
        script.write_text(EDITOR.format(ready=str(ready), go=str(self.go)))
        editor = shlex.join([sys.executable, str(script), *(["stubborn"] if stubborn else [])])
        environment = {**os.environ, "EDITOR": editor, "TMPDIR": str(self.temporary)}
        environment.pop("VISUAL", None)
        program = [sys.executable, "-c", COMMAND, *(["nohup"] if nohup else [])]
        self.process = subprocess.Popen(
            program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        pid, _, path = ready.read_text().partition(" ")  # blocks until the editor is there
        self.editor, self.path = int(pid), Path(path)
        assert ANSWER in self.path.read_text() and self.path.is_relative_to(self.temporary)

    def ends(self) -> tuple[int, str, str]:
        try:
            out, err = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.kill(self.editor, signal.SIGKILL)
            self.process.kill()
            raise
        return self.process.returncode, out, err


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "stubborn"),
    [(signal.SIGTERM, False), (signal.SIGHUP, False), (signal.SIGTERM, True)],
    ids=["kill", "closed terminal", "an editor that does not end"],
)
def test_no_answer_stays_on_disk_when_the_command_is_ended(
    number: signal.Signals, stubborn: bool, tmp_path: Path
) -> None:
    edit = Edit(tmp_path, stubborn=stubborn)
    edit.process.send_signal(number)
    edit.process.send_signal(signal.SIGHUP)
    edit.process.send_signal(signal.SIGTERM)
    assert edit.ends() == (130, "", "")
    assert list(edit.temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(edit.editor, 0)


@pytest.mark.long
def test_what_ignores_a_closed_terminal_goes_on(tmp_path: Path) -> None:
    edit = Edit(tmp_path, nohup=True)
    edit.process.send_signal(signal.SIGHUP)
    edit.go.write_text("go")
    assert edit.ends() == (0, f"{ANSWER}\n", "")
    assert list(edit.temporary.iterdir()) == []


def test_a_signal_in_the_middle_of_what_is_not_to_be_cut_comes_at_its_end() -> None:
    whole = False
    with pytest.raises(KeyboardInterrupt), ended_like_ctrl_c():
        with postponed():
            os.kill(os.getpid(), signal.SIGTERM)
            whole = True
        raise AssertionError("the signal was forgotten")
    assert whole


def test_a_program_that_hears_no_signals_is_ended_behind_what_is_not_to_be_cut() -> None:
    program = """
import os, signal
from fanout.ops.interrupt import postponed
with postponed():
    os.kill(os.getpid(), signal.SIGTERM)
    print("whole", flush=True)
print("on it goes")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGTERM, "whole\n", "")
