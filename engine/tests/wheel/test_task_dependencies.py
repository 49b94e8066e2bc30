"""The few promises that only real packages prove. They ask the package index."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fanout.errors import ConfigurationError
from fanout.local.run import Run
from fanout.packaging.dependencies import dependencies_of, install
from fanout.packaging.targets import Target, aws_target, local_target
from fanout.packaging.uv_install import _uv
from tests.unit.packaging import small_app as app

TRUST = (
    '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}'
)
AARCH64, X86_64 = 183, 62
"""e_machine of an ELF file."""


def lock(root: Path, *packages: str) -> None:
    path = root / "lambdas/ship/requirements.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [_uv(), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11", "-"]
    path.write_text(
        subprocess.run(command, input="\n".join(packages), capture_output=True, text=True, check=True).stdout
    )


def installed(root: Path, target: Target, cache: str = "cache") -> Path:
    install(root, [target], lambda _: None, cache=root / cache)
    folder = dependencies_of(root, "ship", target, cache=root / cache)
    assert folder
    return folder


def test_a_pure_package_with_its_dependency_and_the_same_bytes_from_another_machine(tmp_path: Path) -> None:
    lock(tmp_path, "python-slugify==8.0.4")
    folder = installed(tmp_path, aws_target())
    assert {"slugify", "text_unidecode"} <= {path.name for path in (folder / "python").iterdir()}
    names = app.files(folder)
    assert not [each for each in names if each.endswith(("RECORD", "INSTALLER", "REQUESTED", ".pyc", ".lock"))]
    assert not (folder / "python/bin").exists()
    (metadata,) = importlib.metadata.distributions(name="python-slugify", path=[str(folder / "python")])
    assert metadata.version == "8.0.4"
    before = os.umask(0o077)
    try:
        other = installed(tmp_path, aws_target(), "another")
    finally:
        os.umask(before)
    assert app.zipped(other) == app.zipped(folder)


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", AARCH64), ("x86_64", X86_64)])
def test_a_compiled_package_is_lambdas(architecture: str, machine: int, tmp_path: Path) -> None:
    lock(tmp_path, "orjson==3.13.0")
    (library,) = installed(tmp_path, aws_target("3.14", architecture)).rglob("*.so")
    assert library.name.startswith("orjson.cpython-314-")
    head = library.read_bytes()[:20]
    assert head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == machine


def test_a_compiled_package_is_this_machines_for_the_embedded_aws(tmp_path: Path) -> None:
    lock(tmp_path, "orjson==3.13.0")
    folder = installed(tmp_path, local_target())
    command = [sys.executable, "-S", "-c", "import orjson; print(orjson.dumps([1]).decode(), orjson.__file__)"]
    environment = {"PYTHONPATH": str(folder / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"[1] {folder}")


def test_the_embedded_aws_runs_a_compiled_package(tmp_path: Path) -> None:
    """A function with the layer that `local` deploys; nothing else here has orjson."""
    lock(tmp_path, "orjson==3.13.0")
    layer = app.zipped(installed(tmp_path, local_target()))
    code = tmp_path / "code"
    code.mkdir()
    (code / "ship.py").write_text(
        "import orjson\n\n\ndef handle(event, context):\n    return [orjson.dumps(event).decode(), orjson.__file__]\n"
    )
    run = Run(tmp_path / "state", preferred_port=0)
    run.state.create()
    run.emulator.start()
    try:
        session = run.connection.session
        role = session.client("iam").create_role(RoleName="ship", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        functions = session.client("lambda")
        version = functions.publish_layer_version(LayerName="ship", Content={"ZipFile": layer})["LayerVersionArn"]
        functions.create_function(
            FunctionName="ship",
            Role=role,
            Runtime="python3.14",
            Handler="ship.handle",
            Code={"ZipFile": app.zipped(code)},
            Layers=[version],
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="ship")
        answer = json.loads(functions.invoke(FunctionName="ship", Payload=b'{"a": 1}')["Payload"].read())
    finally:
        run.down()
    assert answer[0] == '{"a":1}', answer
    assert not answer[1].startswith(sys.prefix), "of this test's own environment"


def test_a_package_without_a_wheel_for_the_target(tmp_path: Path) -> None:
    lock(tmp_path, "docopt==0.6.2")
    with pytest.raises(ConfigurationError) as error:
        installed(tmp_path, aws_target())
    line = "docopt 0.6.2 has no wheel for python3.14-arm64, and nothing is built here: pin a version that has one, or another package"
    assert str(error.value) == f"lambdas/ship/requirements.txt: {line}"
    assert not list((tmp_path / "cache").iterdir())
