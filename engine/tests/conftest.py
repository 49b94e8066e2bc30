"""What holds for the whole suite."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
SHARED = {"infra": "synth", "local": "a_deployment"}
"""Rooms whose tests share something costly, and by which fixture."""

# The CDK's own validation takes seconds a template, and CI runs it once: docs/adr/0016-cdk-validation-in-ci-and-deploy.md.
os.environ["CDK_VALIDATION"] = "false"
# Most of what is imported and collected stays. To look through it again and again is a tenth of a run.
gc.set_threshold(50_000)
# A busy machine is no failure: what is fast enough is measured by benchmarks.
settings.register_profile("patient", deadline=None)
settings.register_profile("few", deadline=None, max_examples=10)  # pytest --hypothesis-profile=few
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/infra/snapshots anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 2 --dist loadgroup` those that share stay on one worker, and both make progress while one waits."""
    for item in items:
        room = item.path.relative_to(HERE).parts[0]
        if room in SHARED:
            shares = SHARED[room] in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group(room if shares else f"{room}-alone"))
