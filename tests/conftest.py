"""What holds for the app's tests: one synth per session, as `python app.py` makes it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

import app
from fanout.constructs import App
from tests.reading import Synth, cdk_context

# The CDK's own validation takes seconds a template; `make deploy` and CI's own job run it.
os.environ["CDK_VALIDATION"] = "false"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots anew")


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synth]:
    folder: Path = tmp_path_factory.mktemp("cdk.out")
    made = App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    app.add_stacks(made)
    cdk.Validations.of(made).add_plugins(AwsSolutionsChecks(made))
    with suppress(RuntimeError):  # what is found is in the report, which test_gates reads; templates are written before
        made.synth()
    yield Synth(made, folder)
