"""What holds for the whole suite."""

import gc
import os
from functools import cache

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings

# The CDK's own validation takes seconds a template, and CI runs it once: docs/adr/0016-cdk-validation-in-ci-and-deploy.md.
os.environ["CDK_VALIDATION"] = "false"
# Most of what is imported and collected stays. To look through it again and again is a tenth of a run.
gc.set_threshold(50_000)
# Each session of the SDK reads what it knows of AWS anew, a tenth of a second of JSON; nobody changes what was read.
JSONFileLoader.load_file = cache(JSONFileLoader.load_file)  # type: ignore[method-assign]
# A busy machine is no failure: what is fast enough is measured by benchmarks.
settings.register_profile("patient", deadline=None)
settings.register_profile("few", deadline=None, max_examples=10)  # pytest --hypothesis-profile=few
settings.register_profile("some", deadline=None, max_examples=25)  # make test; all of them: make -C engine long
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """What is here now is here until the end, when pytest looks for garbage five times."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/infra/snapshots anew")
