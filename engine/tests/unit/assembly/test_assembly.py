"""Nothing changed, nothing done: and whatever a synth reads, a change of it is seen."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fanout.assembly import inputs
from fanout.assembly.__main__ import main
from fanout.assembly.kept import RECORD, Assembly

APP = """\
import os, pathlib, sys
folder = pathlib.Path(os.environ["CDK_OUTDIR"])
with open(os.environ["RUNS"], "a") as runs:
    runs.write("x")
print("said at synth")
(folder / "A.template.json").write_text(pathlib.Path("stacks/stack.py").read_text())
(folder / "manifest.json").write_text(os.environ.get("MANIFEST", '{"version": "1"}'))
"""


class Checkout:
    """An app whose program counts how often it runs."""

    def __init__(self, folder: Path) -> None:
        self.root, self.runs = folder / "app", folder / "runs"
        self.environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "RUNS": str(self.runs), "LANG": "C.UTF-8"}
        self.program = [sys.executable, "app.py"]
        self.packages = folder / "site-packages"
        self.write("app.py", APP)
        self.write("cdk.json", '{"context": {"a": 1}}')
        self.write("stacks/stack.py", "{}")
        self.write("lambdas/a_task/handler.py", "")
        self.write("package-lock.json", "{}")
        self.write("node_modules/.package-lock.json", "{}")
        self.write("../site-packages/a-1.0.dist-info/RECORD", "a.py,,\n")
        self.write("../elsewhere/one.py", "")
        self.write("../path/one.py", "")
        self.write(".fanout/dependencies/local-1/python/a.py", "a = 1\n")
        (self.root / "linked").symlink_to(folder / "elsewhere")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def synth(self, *options: str) -> bool:
        """Whether the program ran."""
        before = self.count
        assert main([*options, "cdk.out", *self.program], self.environment) == 0
        return self.count > before

    @property
    def count(self) -> int:
        return len(self.runs.read_text()) if self.runs.exists() else 0

    @property
    def assembly(self) -> Path:
        return self.root / "cdk.out"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path)
    monkeypatch.chdir(made.root)
    monkeypatch.setattr(sys, "path", [str(made.root), str(made.packages), str(tmp_path / "path")])
    monkeypatch.setattr("fanout.assembly.inputs.fanout.__path__", [str(made.root / "../engine")])
    made.write("../engine/constructs/topic.py", "")
    return made


def _variable(name: str, value: str) -> Callable[[Checkout], object]:
    return lambda checkout: checkout.environment.update({name: value})


def _file(name: str, text: str = "changed = 1\n") -> Callable[[Checkout], object]:
    return lambda checkout: checkout.write(name, text)


def _node(checkout: Checkout) -> None:
    checkout.write("../bin/node", "another")
    (checkout.root / "../bin/node").chmod(0o755)


CHANGES: dict[str, Callable[[Checkout], object]] = {
    "a stack": _file("stacks/stack.py", "[]"),
    "a handler": _file("lambdas/a_task/handler.py"),
    "a new file": _file("lambdas/a_task/more.py"),
    "an empty file": _file("lambdas/a_task/empty.py", ""),
    "a file that git ignores": _file(".env", "A=1"),
    "a file in a hidden folder": _file(".settings/one.toml"),
    "a file that is gone": lambda checkout: (checkout.root / "lambdas/a_task/handler.py").unlink(),
    "a file's name": lambda checkout: (checkout.root / "lambdas/a_task/handler.py").rename(checkout.root / "lambdas/h.py"),
    "what a link leads to": _file("../elsewhere/one.py"),
    "a module of Python's path": _file("../path/one.py"),
    "the engine": _file("../engine/constructs/topic.py"),
    "the program": _file("app.py", APP + "\n"),
    "cdk.json": _file("cdk.json", '{"context": {"a": 2}}'),
    "what the CDK looked up": _file("cdk.context.json", '{"b": 2}'),
    "a task's packages": _file(".fanout/dependencies/local-1/python/a.py"),
    "another task's packages": _file(".fanout/dependencies/local-2/python/a.py"),
    "Node's packages": _file("node_modules/.package-lock.json", '{"a": 1}'),
    "a distribution's version": lambda checkout: (checkout.packages / "a-1.0.dist-info").rename(checkout.packages / "a-1.1.dist-info"),
    "a distribution installed again": _file("../site-packages/a-1.0.dist-info/RECORD", "b.py,,\n"),
    "another distribution": _file("../site-packages/b-1.0.dist-info/RECORD", ""),
    "an editable distribution": _file("../site-packages/e.pth", "/elsewhere\n"),
    "Node": _node,
    "a variable of the CDK's": _variable("CDK_VALIDATION", "true"),
    "a variable of jsii's": _variable("JSII_DEBUG", "1"),
    "a variable of AWS's": _variable("AWS_REGION", "eu-west-1"),
    "a variable of the app's own": _variable("COLOUR", "red"),
    "an argument": lambda checkout: checkout.program.append("local"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_each_kind_of_input_is_seen_when_it_changes(checkout: Checkout, change: Callable[[Checkout], object]) -> None:
    assert checkout.synth() and not checkout.synth()
    change(checkout)
    assert checkout.synth(), "a stale assembly was taken"
    assert not checkout.synth()


@pytest.mark.parametrize("name", ["version", "prefix"])
def test_another_python_is_seen(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert checkout.synth() and not checkout.synth()
    monkeypatch.setattr(f"fanout.assembly.inputs.sys.{name}", "another")
    assert checkout.synth()


def test_another_format_is_another_key(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkout.synth() and not checkout.synth()
    monkeypatch.setattr(inputs, "FORMAT", 0)
    assert checkout.synth()


@pytest.mark.parametrize("name", ["ours", "our own", "bücher", "50%"])
def test_what_an_editable_distribution_is_made_of_is_seen(checkout: Checkout, tmp_path: Path, name: str) -> None:
    told = json.dumps({"url": (tmp_path / name).as_uri(), "dir_info": {"editable": True}})
    checkout.write("../site-packages/ours-1.dist-info/direct_url.json", told)
    checkout.write(f"../{name}/a.py", "")
    assert checkout.synth() and not checkout.synth()
    checkout.write(f"../{name}/a.py", "a = 1")
    assert checkout.synth()


@pytest.mark.parametrize(
    "change",
    [
        _file(".git/index"),
        _file(".venv/pyvenv.cfg"),
        _file("lambdas/__pycache__/a.pyc"),
        _file(".mypy_cache/a.json"),
        _variable("SHLVL", "7"),
        _variable("MAKEFLAGS", "-j2"),
    ],
)
def test_what_tools_leave_behind_is_no_input(checkout: Checkout, change: Callable[[Checkout], object]) -> None:
    assert checkout.synth()
    change(checkout)
    assert not checkout.synth()


def test_an_app_whose_root_is_a_virtual_environment_is_seen(checkout: Checkout) -> None:
    checkout.write("pyvenv.cfg", "home = /usr/bin")
    assert checkout.synth() and not checkout.synth()
    checkout.write("lib/python3.11/one.py", "")
    assert not checkout.synth()
    checkout.write("stacks/stack.py", '{"changed": 1}')
    assert checkout.synth()


def test_a_file_that_was_written_again_as_it_was_is_no_change(checkout: Checkout) -> None:
    assert checkout.synth()
    checkout.write("stacks/stack.py", "{}")
    assert not checkout.synth()


@pytest.mark.parametrize("variable", [None, "CI"])
def test_it_is_made_anew_where_that_is_asked_for(checkout: Checkout, variable: str | None) -> None:
    checkout.environment |= {variable: "true"} if variable else {}
    assert checkout.synth("--anew") and checkout.synth(*([] if variable else ["--anew"]))


@pytest.mark.parametrize(
    "change",
    [
        _file("cdk.out/A.template.json", '{"Resources": {}}'),
        _file("cdk.out/left.json"),
        lambda checkout: (checkout.assembly / "A.template.json").unlink(),
        lambda checkout: (checkout.assembly / RECORD).unlink(),
        _file(f"cdk.out/{RECORD}", '{"key": '),
        _file(f"cdk.out/{RECORD}", "{}"),
    ],
)
def test_an_assembly_that_is_not_as_it_was_made_is_not_taken(
    checkout: Checkout, change: Callable[[Checkout], object]
) -> None:
    assert checkout.synth() and not checkout.synth()
    change(checkout)
    assert checkout.synth() and not checkout.synth()


def test_what_changes_during_the_synth_is_not_kept(checkout: Checkout) -> None:
    """Not even when it is changed back: nobody knows what the synth has read."""
    checkout.write("app.py", APP + "pathlib.Path('stacks/late.py').touch()")
    assert checkout.synth()
    (checkout.root / "stacks/late.py").unlink()
    assert checkout.synth()
    assert checkout.synth() and not checkout.synth()


def test_an_assembly_in_which_the_cdk_has_to_look_up_something_is_not_kept(checkout: Checkout) -> None:
    checkout.environment["MANIFEST"] = '{"missing": [{"key": "vpc"}]}'
    assert checkout.synth() and checkout.synth()


def test_a_synth_that_failed_leaves_nothing_to_take(checkout: Checkout) -> None:
    assert checkout.synth()
    checkout.write("app.py", "import sys; sys.exit(3)")
    assert [main(["cdk.out", *checkout.program], checkout.environment) for _ in range(2)] == [3, 3]
    checkout.write("app.py", APP)
    assert checkout.synth()


def test_a_synth_that_is_killed_in_the_middle_leaves_nothing_to_take(checkout: Checkout) -> None:
    """Half a template is on the disk, and the inputs are those that the killed synth had."""
    assert checkout.synth()
    checkout.write("wait", "")
    half = "import pathlib, time\nif pathlib.Path('../waiting').exists():\n    pathlib.Path('cdk.out/A.template.json').write_text('{')\n    print('half', flush=True)\n    time.sleep(60)\n"
    checkout.write("app.py", half + APP)
    checkout.write("../waiting", "")
    command = [sys.executable, "-m", "fanout.assembly", "cdk.out", *checkout.program]
    with subprocess.Popen(command, env=checkout.environment, stderr=subprocess.PIPE, start_new_session=True) as synth:
        assert synth.stderr is not None and synth.stderr.readline() == b"half\n"
        os.killpg(synth.pid, signal.SIGKILL)
    (checkout.root / "../waiting").unlink()
    assert checkout.synth() and (checkout.assembly / "A.template.json").read_text() == "{}"
    assert not checkout.synth()


def test_what_the_synth_said_is_said_again(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.synth()
    first = capsys.readouterr()
    assert not checkout.synth()
    again = capsys.readouterr()
    assert first.err == again.err == "said at synth\n"
    assert "nothing changed" in again.out and "nothing changed" not in first.out


def test_a_command_line_without_a_program_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--anew", "cdk.out"], {}) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_it_is_asked_without_the_cdk_and_boto3() -> None:
    asked = "import sys, fanout.assembly.__main__; print(*{'aws_cdk', 'jsii', 'boto3', 'typer'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_cdk_json_that_cannot_be_read_is_one_line(tmp_path: Path, text: str) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("cdk.json", text)
    command = [sys.executable, "-m", "fanout.assembly", "cdk.out", *checkout.program]
    ended = subprocess.run(
        command, cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("error: ") and "cdk.json: not" in ended.stderr


@pytest.mark.parametrize("record", ["{", "[]", "{}", '{"key": 1}'])
def test_a_record_of_anybody_elses_is_no_record(tmp_path: Path, record: str) -> None:
    checkout = Checkout(tmp_path)
    checkout.write(f"cdk.out/{RECORD}", record)
    assert Assembly(checkout.root, checkout.root / "cdk.out", checkout.program, checkout.environment).kept() is None
