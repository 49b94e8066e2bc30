"""`fanout run` finds the event that it is asked for by any name that the app has for it."""

from pathlib import Path

import pytest

from fanout.local.app import load
from fanout.testing import example
from tests.unit.fanout import Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    return Run(monkeypatch, capsys, "run", "archive_order", "--state", str(tmp_path))


def test_an_example_is_known_by_its_file_as_in_tests_and_by_its_name_in_the_demo(run: Run) -> None:
    assert example("contact_form")["id"] == load().events()["contact"].id
    for name in ("contact_form", "contact", "webhook-refuses"):
        assert run("--example", name) == 2
        assert "the embedded AWS does not run" in run.err


def test_a_name_that_is_none_is_told_with_those_that_are(run: Run) -> None:
    assert run("--example", "missing_data") == 2
    assert 'no example "missing_data": it is one of ' in run.err
    assert {"contact_form", "contact", "webhook-refuses"} <= set(run.err.replace(",", "").split())
