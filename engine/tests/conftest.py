"""What holds for the whole suite."""

import gc
import os
import signal
from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import settings

from fanout.contracts.app import known_contracts
from tests.lanes import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler

# The CDK's own validation takes seconds a template, and CI runs it once: docs/adr/0016-cdk-validation-in-ci-and-deploy.md.
os.environ["CDK_VALIDATION"] = "false"
# Most of what is imported and collected stays. To look through it again and again is a tenth of a run.
gc.set_threshold(50_000)
# Each session of the SDK has a loader of its own, and reads what it knows of AWS anew: a tenth of a second of JSON and of
# looking through four hundred folders. Nobody changes what was read.
_read, _list = cache(JSONFileLoader().load_file), Loader.list_available_services
_listed: dict[tuple[str, ...], Any] = {}


def _list_once(loader: Loader, type_name: str) -> Any:
    where = (type_name, *loader.search_paths)
    if where not in _listed:
        _listed[where] = _list(loader, type_name)
    return _listed[where]


JSONFileLoader.load_file = lambda self, file_path: _read(file_path)  # type: ignore[method-assign]
Loader.list_available_services = _list_once  # type: ignore[assignment, method-assign]
# A shell that runs the tests in its background has them, and all they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# A busy machine is no failure: what is fast enough is measured by benchmarks.
settings.register_profile("patient", deadline=None)
settings.register_profile("few", deadline=None, max_examples=10)  # make test; all of them: make -C engine long
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """What is here now is here until the end, when pytest looks for garbage five times.

    A process knows its contracts once, and some tests go to other folders: whichever comes first, they are the app's.
    """
    known_contracts()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/infra/snapshots anew")
