"""Health says what the last look saw, how old it is, and what it did not come to: no look is no look that saw all."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fanout.console.health import facts
from fanout.errors import OpsError
from fanout.ops.status.report import Report
from tests.unit.console.given import ARN, Here, health

ALL = "saw all that it asked for"
DEPLOYMENTS = facts.deployments


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


def chips(here: Here, monkeypatch: pytest.MonkeyPatch, cloudformation: Any) -> list[tuple[str, str]]:
    """Of its deployments, the newest first: what each says, and how."""
    monkeypatch.setattr(facts, "deployments", DEPLOYMENTS)
    monkeypatch.setattr(here.stack.aws, "cloudformation", cloudformation, raising=False)
    part = here.page("/health").partition('id="deployed"')[2].partition("</section>")[0]
    return [(status, tone) for tone, status in re.findall(r'class="chip (\w+)">(\w+)<', part)]


def test_a_deployment_that_failed_half_way_is_shown_and_is_not_well(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [
        ("UPDATE_ROLLBACK_FAILED", "bad"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", ""),
        ("UPDATE_FAILED", "bad"),
        ("UPDATE_ROLLBACK_COMPLETE", "bad"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ""),
        ("IMPORT_COMPLETE", "well"),
        ("CREATE_COMPLETE", "well"),
    ]
    at = datetime.now(UTC)
    events: list[dict[str, Any]] = [
        {"PhysicalResourceId": ARN, "ResourceStatus": status, "Timestamp": at - timedelta(hours=number)}
        for number, (status, _) in enumerate(told)
    ]
    events.append({"PhysicalResourceId": "a-queue", "ResourceStatus": "CREATE_FAILED", "Timestamp": at})
    cloudformation = SimpleNamespace(describe_stack_events=lambda StackName: {"StackEvents": events})
    assert chips(here, monkeypatch, cloudformation) == [each for each in told if each[1]]


@pytest.mark.parametrize(
    ("status", "tone"),
    [("UPDATE_FAILED", "bad"), ("DELETE_FAILED", "bad"), ("UPDATE_IN_PROGRESS", "held"), ("UPDATE_COMPLETE", "well")],
)
def test_where_events_may_not_be_read_the_stacks_own_status_says_how_it_is(
    here: Here, monkeypatch: pytest.MonkeyPatch, status: str, tone: str
) -> None:
    def denied(StackName: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStackEvents")

    stacks = {"Stacks": [{"StackStatus": status, "CreationTime": datetime.now(UTC)}]}
    cloudformation = SimpleNamespace(describe_stack_events=denied, describe_stacks=lambda StackName: stacks)
    assert chips(here, monkeypatch, cloudformation) == [(status, tone)]
