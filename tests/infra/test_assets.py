"""What a function is made of: its task and `shared/`, the pinned layer, and nothing that differs between machines."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stacks import settings, task_code
from stacks.errors import ConfigurationError
from tests.infra.reading import Synth, of_type

ROOT = Path(__file__).parent.parent.parent
LAMBDAS = ROOT / "lambdas"
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
def test_a_zip_holds_its_task_and_shared(task: str, synth: Synth) -> None:
    asset = asset_of(synth, "AWS::Lambda::Function", f"Runs {task} ")
    expected = {
        path.relative_to(LAMBDAS).as_posix() for folder in (task, "shared") for path in (LAMBDAS / folder).rglob("*.py")
    }
    assert f"{task}/handler.py" in expected
    assert files(asset) == expected
    assert not filecmp.cmpfiles(asset, LAMBDAS, list(expected), shallow=False)[1]


def test_the_layer_holds_what_is_pinned_and_no_trace_of_the_machine(synth: Synth) -> None:
    asset = asset_of(synth, "AWS::Lambda::LayerVersion", "lambdas/requirements.txt")
    packages = {name.split("/")[1] for name in files(asset) if name.startswith("python/")}
    pinned = [line.split(" ")[0] for line in (LAMBDAS / "requirements.txt").read_text().splitlines() if "==" in line]
    for each in pinned:
        name, version = each.split("==")
        assert f"{name.replace('-', '_')}-{version}.dist-info" in packages
    assert not [name for name in files(asset) if name.endswith((".pyc", "RECORD", "INSTALLER"))]
    assert str(ROOT).encode() not in b"".join(path.read_bytes() for path in asset.rglob("*") if path.is_file())


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
    for name in ("app.py", "cdk.json", "stacks", "lambdas", "checks", "contracts", "costs"):
        source = ROOT / name
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
        "CDK_CONTEXT_JSON": json.dumps(json.loads((ROOT / "cdk.json").read_text())["context"]),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(tmp_path / "jsii")),
        "PYTHONPATH": f"{copy}:{copy / 'lambdas'}",
    }
    subprocess.run([sys.executable, "app.py"], cwd=copy, env=environment, check=True, timeout=120)
    for each in settings.ALL:
        name = f"FormEvents-{each.name}.template.json"
        assert (out / name).read_bytes() == (synth.folder / name).read_bytes()
