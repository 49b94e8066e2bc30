"""What a function is made of: its task and the runtime, the pinned layer, and nothing that differs between machines."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest

from app import add_stacks
from fanout.constructs import function
from fanout.packaging.targets import aws_target, local_target
from fanout.packaging.tidy import unreadable
from stacks import settings
from tests.infra.reading import Synth, of_type, target
from tests.places import APP, ENGINE
from tests.unit.packaging.small_app import zipped

LAMBDAS = APP / "lambdas"
LARGEST = {"archive_order": 26_100, "notify_partner": 28_600, "send_receipt": 26_400}
"""Bytes of each task's zip."""
FUNCTION, LAYER = "AWS::Lambda::Function", "AWS::Lambda::LayerVersion"
PINNED = "lambdas/notify_partner/requirements.txt"
TASKS = ["send_receipt", "archive_order", "notify_partner"]


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
        for root, folder in ((LAMBDAS, task), (LAMBDAS, "events"), (ENGINE / "src", "fanout/runtime"))
        for path in (root / folder).rglob("*.py")
        if path.name
        not in (
            "files.py",
            "circuit_breaker.py",
            "claim_check.py",
            "close_circuits.py",
            "direct.py",
            "emitting.py",
            "several.py",
        )
        and (path.name != "archive.py" or task == "archive_order")
    } | {"fanout/__init__.py", "fanout/names.py"}
    assert f"{task}/handler.py" in expected
    assert files(asset) == expected
    assert not filecmp.cmpfiles(asset, LAMBDAS, [each for each in expected if each.startswith(task)], shallow=False)[1]


def test_a_task_with_requirements_has_a_layer_of_its_own_and_the_others_have_none(synth: Synth) -> None:
    asked = {path.parent.name for path in LAMBDAS.glob("*/requirements.txt")}
    assert asked and asked < set(TASKS)
    for each in settings.ALL:
        functions = of_type(synth[each.name], FUNCTION).values()
        layers = {
            function["Properties"]["Description"].split()[1]: function["Properties"].get("Layers", [])
            for function in functions
        }
        assert {task for task, used in layers.items() if used} == asked
        for task in asked:
            (used,) = layers[task]
            described = synth[each.name]["Resources"][target(used)]["Properties"]["Description"]
            assert described == f"lambdas/{task}/requirements.txt"


def test_the_layer_holds_what_is_pinned_and_no_trace_of_the_machine(synth: Synth) -> None:
    asset = asset_of(synth, LAYER, PINNED)
    packages = {name.split("/")[1] for name in files(asset) if name.startswith("python/")}
    pinned = [line.split(" ")[0] for line in (APP / PINNED).read_text().splitlines() if "==" in line]
    assert pinned
    for each in pinned:
        name, version = each.split("==")
        assert f"{name.replace('-', '_')}-{version}.dist-info" in packages
    assert not [name for name in files(asset) if name.endswith((".pyc", "RECORD", "INSTALLER"))]
    assert str(APP).encode() not in b"".join(path.read_bytes() for path in asset.rglob("*") if path.is_file())


def test_bytecode_that_python_left_in_the_cache_is_no_part_of_the_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import from .fanout/ writes some; the layer's key would then be another one on each machine."""
    shutil.copytree(LAMBDAS.parent / ".fanout", tmp_path / ".fanout")
    found = min(tmp_path.glob(".fanout/dependencies/python*"))
    monkeypatch.setattr(function, "dependencies_of", lambda *_: found)
    (found / "python/urllib3/__pycache__").mkdir()
    (found / "python/urllib3/__pycache__/a.cpython-314.pyc").write_bytes(b"x")
    made = cdk.App(outdir=str(tmp_path / "cdk.out"))
    layer = function._layer(cdk.Stack(made, "Stack"), "notify_partner", settings.LOCAL)
    assert layer is not None
    made.synth()
    staged = [path for path in tmp_path.glob("cdk.out/asset.*") if (path / "python").is_dir()]
    assert staged and not list(staged[0].rglob("__pycache__"))


def test_wheels_are_for_the_functions_architecture_and_python(synth: Synth) -> None:
    for each in of_type(synth["prod"], FUNCTION).values():
        (architecture,) = each["Properties"]["Architectures"]
        assert aws_target().name == f"{each['Properties']['Runtime']}-{architecture}"


@pytest.mark.long
def test_the_embedded_aws_gets_wheels_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which target each settings entry asks for: a compiled wheel of the other one does not load."""
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(function, "dependencies_of", lambda _, task, target: asked.append((task, target.name)))
    for each in settings.ALL:
        asked.clear()
        add_stacks(cdk.App(), [each.name])
        wanted = local_target() if each.name == "local" else aws_target()
        assert asked and {name for _, name in asked} == {wanted.name}


@pytest.mark.parametrize(
    ("resource", "described", "most"),
    [*((FUNCTION, f"Runs {task} ", most) for task, most in LARGEST.items()), (LAYER, PINNED, 1_500_000)],
)
def test_what_lambda_loads_stays_small(resource: str, described: str, most: int, synth: Synth) -> None:
    """`make -C engine bench NAME=package` has the sizes."""
    assert len(zipped(asset_of(synth, resource, described))) <= most


def test_what_only_the_engines_own_function_runs_is_in_no_tasks_zip(synth: Synth) -> None:
    for task in TASKS:
        found = {*files(asset_of(synth, FUNCTION, f"Runs {task} "))}
        assert not found & {f"fanout/runtime/{name}.py" for name in ("close_circuits", "direct", "emit", "several")}


@pytest.mark.parametrize("task", TASKS)
def test_of_the_names_a_zip_has_those_that_its_files_say(task: str, synth: Synth) -> None:
    asset = asset_of(synth, FUNCTION, f"Runs {task} ")
    files = (path.read_text() for path in asset.rglob("*.py"))
    said = {name for file in files for name in re.findall(r"\bnames\.([A-Z_]+)", file)}
    names: dict[str, str] = {}
    exec((asset / "fanout/names.py").read_text(), names)  # noqa: S102
    assert said <= names.keys() and "TASK_DIMENSION" in said
    assert "TASK_TAG" not in names and len(names) < 2 * len(said)


def test_same_key_same_bytes_under_another_umask(synth: Synth, tmp_path: Path) -> None:
    """The key is of names and bytes, the zip has modes too, and the first zip of a key is the one that stays."""
    for task in TASKS:
        asset = asset_of(synth, FUNCTION, f"Runs {task} ")
        code = "import os, shutil, sys; from pathlib import Path; os.umask(0o077)\n"
        code += "from fanout.packaging.zip_contents import zip_contents as staged\n"
        code += "shutil.copytree(staged(Path(sys.argv[1]), sys.argv[2]), sys.argv[3])"
        subprocess.run([sys.executable, "-c", code, str(APP), task, str(tmp_path / task)], check=True, timeout=60)
        assert zipped(tmp_path / task) == zipped(asset)


def assets(assembly: Path) -> dict[str, bytes]:
    """Each asset's zip, with its modes, by the key under which it is uploaded."""
    return {path.name: zipped(path) for path in sorted(assembly.glob("asset.*")) if path.is_dir()}


@pytest.mark.long
def test_another_machine_writes_the_same_templates_and_zips(synth: Synth, tmp_path: Path) -> None:
    """Another folder, home, time zone and umask, left-over bytecode, no credentials, and a network that leads nowhere."""
    copy = tmp_path / "elsewhere"
    for name in ("app.py", "cdk.json", "stacks", "lambdas", "contracts", ".fanout"):
        source = APP / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy(source, copy / name)
    for path in copy.rglob("*"):
        path.chmod(0o700 if path.is_dir() else path.stat().st_mode & 0o700)
    for folder in (copy / "lambdas" / TASKS[0], *copy.glob(".fanout/dependencies/*/python")):
        (folder / "__pycache__").mkdir(exist_ok=True)
        (folder / "__pycache__" / "left.cpython-399.pyc").write_bytes(b"of another Python")
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
    subprocess.run([sys.executable, "app.py"], cwd=copy, env=environment, check=True, timeout=120, umask=0o077)
    for each in settings.ALL:
        name = f"OrderEvents-{each.name}.template.json"
        assert (out / name).read_bytes() == (synth.folder / name).read_bytes()
    assert unreadable(out) == []
    assert assets(out) == assets(synth.folder)
    assert not list(out.glob("asset.*/**/*.pyc"))
