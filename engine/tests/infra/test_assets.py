"""What a function is made of: its task and the runtime, the pinned layer, and nothing that differs between machines."""

import filecmp
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.constructs import task_code
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.task_code import RUNTIME
from stacks import settings
from tests.infra.reading import Synth, of_type
from tests.places import APP, ENGINE, REPOSITORY

LAMBDAS = APP / "lambdas"
FUNCTION, LAYER = "AWS::Lambda::Function", "AWS::Lambda::LayerVersion"
TASKS = ["send_confirmation", "archive_submission", "notify_webhook"]


def asset_of(synth: Synth, resource_type: str, described: str) -> Path:
    """The staged folder of the one resource whose description starts with `described`."""
    (resource,) = [
        each
        for each in of_type(synth["dev"], resource_type).values()
        if each["Properties"]["Description"].startswith(described)
    ]
    code = resource["Properties"].get("Code") or resource["Properties"]["Content"]
    return synth.folder / f"asset.{code['S3Key'].removesuffix('.zip')}"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("task", TASKS)
def test_a_zip_holds_its_task_and_the_runtime(task: str, synth: Synth) -> None:
    asset = asset_of(synth, FUNCTION, f"Runs {task} ")
    expected = {
        path.relative_to(root).as_posix()
        for root, folder in ((LAMBDAS, task), (ENGINE / "src", "fanout/runtime"))
        for path in (root / folder).rglob("*.py")
    } | {"fanout/__init__.py", "fanout/names.py"}
    assert f"{task}/handler.py" in expected
    assert files(asset) == expected
    assert not filecmp.cmpfiles(asset, LAMBDAS, [each for each in expected if each.startswith(task)], shallow=False)[1]


def test_the_layer_holds_what_is_pinned_and_no_trace_of_the_machine(synth: Synth) -> None:
    asset = asset_of(synth, LAYER, "lambdas/requirements.txt")
    packages = {name.split("/")[1] for name in files(asset) if name.startswith("python/")}
    pinned = [line.split(" ")[0] for line in (LAMBDAS / "requirements.txt").read_text().splitlines() if "==" in line]
    for each in pinned:
        name, version = each.split("==")
        assert f"{name.replace('-', '_')}-{version}.dist-info" in packages
    assert not [name for name in files(asset) if name.endswith((".pyc", "RECORD", "INSTALLER"))]
    assert str(APP).encode() not in b"".join(path.read_bytes() for path in asset.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("resource", "described", "most"),
    [*((FUNCTION, f"Runs {task} ", 26_000) for task in TASKS), (LAYER, "lambdas/requirements.txt", 1_500_000)],
)
def test_what_lambda_loads_stays_small(resource: str, described: str, most: int, synth: Synth, tmp_path: Path) -> None:
    """`make bench NAME=package` has the sizes."""
    zipped = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", asset_of(synth, resource, described)))
    assert zipped.stat().st_size <= most


def bytecode(asset: Path, tmp_path: Path, python: str = sys.executable) -> str:
    """What `make bytecode` says about a copy of the layer in `tmp_path`."""
    shutil.copytree(asset, tmp_path / "asset.layer")
    command = ["make", "--no-print-directory", "bytecode", f"OUT={tmp_path}", f"LAMBDA_PYTHON={python}"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60).stdout


def compiled(layer: Path) -> set[str]:
    """The files that `import urllib3` compiles, in an interpreter that keeps nothing."""
    environment = {"PYTHONPATH": str(layer), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-v", "-c", "import urllib3"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stderr
    return set(re.findall(rf"^# code object from '?({layer}.*\.py)'?$", told, re.MULTILINE))


def test_bytecode_of_the_layer_is_valid_whatever_the_zip_says_about_its_files(synth: Synth, tmp_path: Path) -> None:
    assert bytecode(asset_of(synth, LAYER, "lambdas/requirements.txt"), tmp_path) == ""
    layer = tmp_path / "asset.layer" / "python"
    for source in layer.rglob("*.py"):
        os.utime(source, (315_532_800, 315_532_800))
        written = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        assert int.from_bytes(written[4:8], "little") == 0b01, "by hash, and not checked (PEP 552)"
        assert str(tmp_path).encode() not in written
    assert not compiled(layer)


def test_bytecode_of_another_python_is_passed_over(synth: Synth, tmp_path: Path) -> None:
    bytecode(asset_of(synth, LAYER, "lambdas/requirements.txt"), tmp_path)
    layer = tmp_path / "asset.layer" / "python"
    for path in layer.rglob("*.pyc"):
        path.write_bytes(b"\0\0\r\n" + path.read_bytes()[4:])
    assert compiled(layer)


def test_without_lambdas_python_the_layer_goes_without_bytecode(synth: Synth, tmp_path: Path) -> None:
    asset = asset_of(synth, LAYER, "lambdas/requirements.txt")
    said = bytecode(asset, tmp_path, python="python3.99")
    assert said == "no python3.99 here: the layer goes without bytecode, and cold starts take longer\n"
    assert files(tmp_path / "asset.layer") == files(asset)


def test_bytecode_is_for_the_functions_python() -> None:
    assert f"\nLAMBDA_PYTHON ?= {RUNTIME.name}\n" in (REPOSITORY / "Makefile").read_text()


def test_a_layer_that_is_not_what_is_pinned_stops_the_synth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_code, "LAYER", tmp_path)
    with pytest.raises(ConfigurationError, match="run `make install`"):
        task_code._check_layer()
    (tmp_path / "requirements.sha256").write_text("of yesterday\n")
    with pytest.raises(ConfigurationError, match="lambdas/.layer is not what lambdas/requirements.txt pins"):
        task_code._check_layer()


def test_another_machine_writes_the_same_templates(synth: Synth, tmp_path: Path) -> None:
    """Another folder, home and time zone, no credentials, and a network that leads nowhere."""
    copy = tmp_path / "elsewhere"
    for name in ("app.py", "cdk.json", "stacks", "lambdas", "contracts"):
        source = APP / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy(source, copy / name)
    out = tmp_path / "cdk.out"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TZ": "Asia/Tokyo",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "CDK_VALIDATION": "false",
        "CDK_OUTDIR": str(out),
        "CDK_CONTEXT_JSON": json.dumps(json.loads((APP / "cdk.json").read_text())["context"]),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(tmp_path / "jsii")),
        "PYTHONPATH": f"{copy}:{copy / 'lambdas'}",
    }
    subprocess.run([sys.executable, "app.py"], cwd=copy, env=environment, check=True, timeout=120)
    for each in settings.ALL:
        name = f"FormEvents-{each.name}.template.json"
        assert (out / name).read_bytes() == (synth.folder / name).read_bytes()
