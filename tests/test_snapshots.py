"""The whole template of every environment: catches what no named test thought of. `make snapshot` accepts a change."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stacks import settings
from tests.reading import Synth, stack_names

SNAPSHOTS = Path(__file__).parent / "snapshots"
ASSET = re.compile(r"^[0-9a-f]{64}\.zip$")


def masked(value: Any, key: str = "") -> Any:
    """`value` with the hash of every asset taken out, as it changes with each edit of a task, and nothing else."""
    if isinstance(value, dict):
        return {name: masked(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return "<asset>.zip" if key == "S3Key" and ASSET.match(value) else value


EXPECTED = [stack for each in settings.ALL for stack in stack_names(each.name)]


@pytest.mark.parametrize("stack", EXPECTED)
def test_template_is_the_committed_one(stack: str, synth: Synth, request: pytest.FixtureRequest) -> None:
    text = json.dumps(masked(synth.of_stack(stack)), indent=1) + "\n"
    path = SNAPSHOTS / f"{stack}.json"
    if request.config.getoption("--update-snapshots"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"{path.name} is not there: run `make snapshot`"
    assert path.read_text() == text, f"{path.name} is not what is synthesized: run `make snapshot` and read its diff"


def test_no_snapshot_is_left_of_an_entry_that_is_gone(request: pytest.FixtureRequest) -> None:
    left = [path for path in SNAPSHOTS.iterdir() if path.stem not in EXPECTED]
    if request.config.getoption("--update-snapshots"):
        for path in left:
            path.unlink()
    assert [path.name for path in left if path.exists()] == [], "run `make snapshot`"


def test_every_stack_of_the_app_has_one(synth: Synth) -> None:
    assert sorted(each.name.removesuffix(".template.json") for each in synth.folder.glob("*.template.json")) == sorted(
        EXPECTED
    )


def test_only_assets_are_masked() -> None:
    hash_ = "0" * 64
    kept = {"S3Key": "mine.zip", "Name": f"{hash_}.zip"}
    assert masked({"Code": {"S3Key": f"{hash_}.zip"}, **kept}) == {"Code": {"S3Key": "<asset>.zip"}, **kept}
