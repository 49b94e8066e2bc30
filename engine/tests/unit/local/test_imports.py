"""Handlers are imported as Lambda would: own process, own variables, own packages; and what fails has its own line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.local.errors import LocalError
from fanout.local.handlers import imports
from fanout.local.handlers.imports import Handler, Importer, importing, synthesized_handlers


@pytest.fixture(scope="module")
def importer() -> Iterator[Importer]:
    with importing() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cdk.json").write_text("{}")
    (tmp_path / "lambdas" / "own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def failing(importer: Importer, app: Path, text: str, **variables: str) -> str:
    (app / "lambdas" / "own" / "handler.py").write_text(text)
    found = importer.failure(Handler("own", "own.handler.handle", variables))
    return str(found) if found else ""


def test_a_handler_sees_its_functions_variables_and_no_others(
    importer: Importer, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THIS_MACHINE", "1")
    text = "import os\nassert 'OF_THIS_MACHINE' not in os.environ\nX = os.environ['GIVEN']\ndef handle(e, c): ...\n"
    assert failing(importer, app, text, GIVEN="1") == ""
    assert "own/handler.py:3: KeyError: 'GIVEN'" in failing(importer, app, text)
    assert failing(importer, app, text, GIVEN="1") == "", "the second import is as fresh as the first"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import json\nimport nosuchmodule\n", "handler.py:2: ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("import json\njson.loads('{')\n", "handler.py:2: JSONDecodeError: "),
        ("def handle(:\n", "handler.py:1: SyntaxError: "),
        ("x = 1\n", "AttributeError: module 'own.handler' has no attribute 'handle'"),
        ("handle = 1\n", "TypeError: handle of own.handler is no function"),
        ("import os\nos._exit(3)\n", "the process ended while it imported own.handler"),
        ("import sys\nsys.exit(3)\n", "handler.py:2: SystemExit: 3"),
        ("import yaml\ndef handle(e, c): ...\n", "imports yaml, which no Lambda has: pin it in lambdas/own/requirem"),
        ("import fanout.project\ndef handle(e, c): ...\n", "imports fanout.project, which no Lambda has: a task may"),
    ],
)
def test_what_fails_before_the_first_event_is_told_with_the_tasks_own_line(
    importer: Importer, app: Path, text: str, told: str
) -> None:
    assert told in failing(importer, app, text)


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.system('echo 3')\n",
        "import subprocess\nsubprocess.run(['/bin/echo', '{}'])\n",
        "import sys\nsys.__stdout__.write('[]\\n')\nsys.__stdout__.flush()\n",
        "import sys\nassert sys.stdin.read() == ''\n",
    ],
)
def test_what_a_handler_prints_or_reads_while_it_is_imported_disturbs_nobody(
    importer: Importer, app: Path, text: str
) -> None:
    assert failing(importer, app, f"{text}def handle(e, c): ...\n") == ""
    assert "No module named 'nosuchmodule'" in failing(importer, app, "import nosuchmodule\n")


def test_a_handler_whose_import_hangs_is_told_by_its_name_and_the_next_one_is_imported(
    importer: Importer, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (app / "lambdas" / "own" / "handler.py").write_text("import threading\nthreading.Event().wait()\n")
    monkeypatch.setattr(imports, "PATIENCE", 0.2)
    told = "own cannot start: the import of own.handler took longer than 0.2 s; Lambda gives it 10 s"
    assert str(importer.failure(Handler("own", "own.handler.handle", {}, layers=1))) == told
    monkeypatch.undo()
    monkeypatch.chdir(app)
    assert failing(importer, app, "def handle(e, c): ...\n") == ""


def test_what_lambda_has_is_no_stranger_and_what_a_users_own_layer_may_hold_is_not_judged(
    importer: Importer, app: Path
) -> None:
    assert failing(importer, app, "import boto3, urllib3, fanout.runtime.errors\ndef handle(e, c): ...\n") == ""
    (app / "lambdas" / "own" / "handler.py").write_text("import aws_lambda_powertools_of_a_layer\n")
    assert importer.failure(Handler("own", "own.handler.handle", {}, layers=1)) is None


def test_what_this_shells_pythonpath_names_no_handler_can_import(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it stand before what Lambda has."""
    (app / "stacks").mkdir()
    (app / "stacks" / "settings.py").write_text("X = 1\n")
    (app / "boto3.py").write_text("raise SystemExit('another boto3')\n")
    monkeypatch.setenv("PYTHONPATH", str(app))
    with importing() as importer:
        told = failing(importer, app, "from stacks.settings import X\ndef handle(e, c): ...\n")
        assert "handler.py:1: ModuleNotFoundError: No module named 'stacks'" in told
        assert failing(importer, app, "import boto3, fanout.runtime\ndef handle(e, c): ...\n") == ""


def test_a_module_of_a_folder_that_no_zip_holds_is_a_stranger_as_an_editable_install_is(
    importer: Importer, app: Path
) -> None:
    (app / "shared").mkdir()
    (app / "shared" / "of_the_team.py").write_text("")
    text = f"import sys\nsys.path.append({str(app / 'shared')!r})\nimport of_the_team\ndef handle(e, c): ...\n"
    assert "it imports of_the_team, which no Lambda has: pin it in" in failing(importer, app, text)


def test_a_client_that_is_asked_at_import_needs_no_aws(importer: Importer, app: Path) -> None:
    from fanout.local.handlers.imports import NOWHERE

    text = "import boto3\nboto3.client('sts').get_caller_identity()\ndef handle(e, c): ...\n"
    assert failing(importer, app, text, **NOWHERE) == ""


def test_variables_are_read_from_a_template_and_what_is_known_later_is_a_word(tmp_path: Path) -> None:
    function = {
        "Handler": "own.handler.handle",
        "Environment": {"Variables": {"FANOUT_TASK": "own", "A": {"Ref": "X"}}},
    }
    other = {"Handler": "index.handler"}
    resources = {str(n): {"Type": "AWS::Lambda::Function", "Properties": p} for n, p in enumerate((function, other))}
    (tmp_path / "t.json").write_text(json.dumps({"Resources": resources}))
    (found,) = synthesized_handlers(tmp_path / "t.json")
    assert (found.task, found.handler) == ("own", "own.handler.handle")
    assert found.variables["A"] == "known-when-deployed"
    with pytest.raises(LocalError, match="is no template: run `make synth` first"):
        synthesized_handlers(tmp_path / "gone.json")
