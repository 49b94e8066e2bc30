"""One synth per run: every test here reads its templates, and no worker makes them again."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

import app
from fanout.constructs import App
from stacks import settings
from tests.infra.alarms_of import of_another_team
from tests.infra.reading import Synth, Template
from tests.places import APP


def cdk_context() -> dict[str, Any]:
    """Without the flags of cdk.json a test would see a template that is never deployed."""
    context: dict[str, Any] = json.loads((APP / "cdk.json").read_text())["context"]
    return context


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Made by the first worker that asks, and read by all."""
    folder = tmp_path_factory.getbasetemp()
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "synth"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made := shared / "made").exists():
            synthesized(shared / "cdk.out").synth()
            made.touch()
    return Synth(shared / "cdk.out")


def synthesized(folder: Path) -> App:
    made = App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    app.add_stacks(made)
    return made


@pytest.fixture(params=[each.name for each in settings.ALL])
def template(request: pytest.FixtureRequest, synth: Synth) -> Template:
    """Each settings entry's template in turn."""
    return synth[request.param]


@pytest.fixture(scope="session")
def prod(synth: Synth) -> Template:
    return synth["prod"]


@pytest.fixture(scope="session")
def another() -> Template:
    return of_another_team()
