"""What the engine offers to a task's own tests."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from fanout.testing import Outcome, example, run, task_module


@pytest.fixture
def a_task(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    folder = tmp_path / "sync_crm"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "handler.py").write_text(
        "import os\n"
        "from events import OrderPlaced\n"
        "from fanout.runtime import PermanentError, handler_of\n"
        'URL = os.environ["CRM_URL"]\n'
        "def sync_crm(order: OrderPlaced):\n"
        '    if URL == "gone": raise PermanentError("the CRM is gone")\n'
        '    if URL == "down": raise RuntimeError(order.body)\n'
        "handle = handler_of(sync_crm)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield


def outcome(url: str) -> Outcome:
    with task_module("sync_crm", CRM_URL=url) as module:
        return run(module.handle, example("contact_form"))


def test_a_handler_is_run_on_an_event_and_its_outcome_returned(a_task: None) -> None:
    assert outcome("up") == Outcome("done")
    assert outcome("gone") == Outcome("dead", "PermanentError", "the CRM is gone")
    failed = outcome("down")
    assert (failed.kind, failed.error_type) == ("failed", "RuntimeError")
    assert "contact" not in failed.error


def test_a_task_leaves_nothing_behind(a_task: None) -> None:
    before = dict(os.environ)
    outcome("up")
    assert "sync_crm.handler" not in sys.modules and "CRM_URL" not in os.environ
    assert dict(os.environ) == before


def test_an_event_that_breaks_the_contract_is_dead(a_task: None) -> None:
    with task_module("sync_crm", CRM_URL="up") as module:
        assert run(module.handle, "not json").error_type == "ContractViolation"


def test_an_example_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(LookupError, match="0 examples are called 'unknown': expected one of .*contact_form"):
        example("unknown")
