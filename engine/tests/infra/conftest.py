"""One synth per session: every test here reads its templates, and none makes them again."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

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
def synth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synth]:
    folder = tmp_path_factory.mktemp("cdk.out")
    made = App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    app.add_stacks(made)
    cdk.Validations.of(made).add_plugins(AwsSolutionsChecks(made))
    with suppress(RuntimeError):  # findings are in the report, which test_gates reads; templates are written before
        made.synth()
    yield Synth(made, folder)


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
