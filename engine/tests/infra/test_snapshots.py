"""The whole template of every environment: catches what no named test thought of. `make snapshot` accepts a change."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from fanout.packaging.dependencies import dependencies_of
from fanout.packaging.targets import aws_target
from stacks import settings
from tests.infra.reading import Synth
from tests.places import APP, SNAPSHOTS

ASSET = re.compile(r"^[0-9a-f]{64}\.zip$")


def masked(value: Any, key: str = "") -> Any:
    """`value` with the hash of every asset taken out, as it changes with each edit of a task, and nothing else."""
    if isinstance(value, dict):
        return {name: masked(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return "<asset>.zip" if key == "S3Key" and ASSET.match(value) else value


def same(path: Path, text: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-snapshots"):
        path.write_text(text)
    assert path.read_text() == text, f"{path.name} is not what is synthesized: run `make snapshot` and read its diff"


@pytest.mark.parametrize("name", [each.name for each in settings.ALL])
def test_template_is_the_committed_one(name: str, synth: Synth, request: pytest.FixtureRequest) -> None:
    text = json.dumps(masked(synth[name]), indent=1) + "\n"
    same(SNAPSHOTS / f"OrderEvents-{name}.json", text, request)


def test_layer_has_the_same_bytes_on_every_machine(request: pytest.FixtureRequest) -> None:
    layer = dependencies_of(APP, "notify_partner", aws_target())
    assert layer
    digest = hashlib.sha256()
    for path in sorted(layer.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(layer).as_posix().encode() + b"\0" + path.read_bytes())
    same(SNAPSHOTS / "layer.sha256", digest.hexdigest() + "\n", request)


def test_only_assets_are_masked() -> None:
    hash_ = "0" * 64
    kept = {"S3Key": "mine.zip", "Name": f"{hash_}.zip"}
    assert masked({"Code": {"S3Key": f"{hash_}.zip"}, **kept}) == {"Code": {"S3Key": "<asset>.zip"}, **kept}
