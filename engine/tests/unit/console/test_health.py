"""Health says what the last look saw, how old it is, and what it did not come to: no look is no look that saw all."""

from datetime import UTC, datetime, timedelta

import pytest

from fanout.console.health import facts
from fanout.errors import OpsError
from fanout.ops.status.report import Report
from tests.unit.console.given import Here, health

ALL = "saw all that it asked for"


def refused(_: object) -> None:
    raise OpsError("AWS answered AccessDenied")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """Of which nothing else of the page can be read."""
    for each in ("alarms_of", "heartbeats", "deployments", "verified", "template_of"):
        monkeypatch.setattr(facts, each, refused)
    return Here(monkeypatch, health("task"), health("other"))


def test_a_look_that_saw_all_says_when_it_was(here: Here) -> None:
    page = here.page("/health")
    assert f"The last look at every subscriber, 0 s ago, {ALL}" in page and "The last look was" not in page


def test_without_a_look_nothing_is_said_of_subscribers(here: Here) -> None:
    collector = here.console.collector
    collector.state, collector.problem = None, "these credentials have expired"
    page = here.page("/health")
    assert ALL not in page and "No look at the subscribers has ended yet" in page
    assert "these credentials have expired" in page


def test_an_old_look_says_how_old_it_is_and_why(here: Here) -> None:
    collector = here.console.collector
    assert collector.state is not None
    collector.state.at = datetime.now(UTC) - timedelta(hours=6)
    collector.problem = "these credentials have expired"
    page = here.page("/health")
    assert "The last look was 6 h ago" in page and "these credentials have expired" in page


def test_what_a_look_could_not_read_is_said(here: Here) -> None:
    unread = health("task", dead=None, problems=["it is throttled", "paused"], unread=["it is throttled"])
    here.console.collector.state = Report(here.stack, datetime.now(UTC), [unread], 1, [], ["no alarms"], ["no alarms"])
    page = here.page("/health")
    assert ALL not in page and "task: it is throttled" in page and "no alarms" in page and "paused" not in page


def test_a_trouble_that_was_seen_is_no_part_that_was_not_looked_at(here: Here) -> None:
    dead = health("task", dead=2, problems=["2 dead letters: fanout dead list task"])
    here.console.collector.state = Report(here.stack, datetime.now(UTC), [dead], 1, [], [])
    assert ALL in here.page("/health")


def test_a_rate_rests_on_the_logs_that_were_read(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "template_of", lambda _: {"Resources": {}})
    assert "as far as the logs were read" not in here.page("/health")
    here.console.collector.unread = "the log cannot be read"
    assert "as far as the logs were read" in here.page("/health")
