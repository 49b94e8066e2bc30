"""What is kept for a shorter time is a danger: S3 and CloudWatch Logs delete what is older at once."""

import copy
from typing import Any

import pytest

from fanout.diff.change import KINDS
from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]
UNSEEN = {"Fn::ImportValue": "days"}
SHORTER = "retention-shortened"


def rule(days: Any = None, prefix: str = "", *, old_versions: Any = None, status: str = "Enabled", **more: Any) -> Json:
    noncurrent = {"NoncurrentVersionExpiration": {"NoncurrentDays": old_versions}} if old_versions else {}
    return {"Status": status, **({"ExpirationInDays": days} if days else {}), **noncurrent, "Prefix": prefix, **more}


def told(type_: str, before: Json, after: Json) -> list[tuple[str, str]]:
    """Kind and message of what is said of one resource, dangers first."""
    sides = (
        Template({"Resources": {"It": {"Type": type_, "Properties": copy.deepcopy(each)}}}, name="Shop")
        for each in (before, after)
    )
    return [(each.kind, each.message) for each in compare(*sides)]


def shortened(before: Any, after: Any) -> list[str]:
    """What is said of a bucket with these rules, beside that it is updated."""
    sides: list[Json] = [
        {"LifecycleConfiguration": {"Rules": each}} if each else {"Tags": []} for each in (before, after)
    ]
    found = told("AWS::S3::Bucket", *sides)
    assert {kind for kind, _ in found} <= {SHORTER, "resource-updated"}
    return [message for kind, message in found if kind == SHORTER]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([rule(365)], [rule(30)], "ExpirationInDays from 365 days to 30 days: every object"),
        ([rule(365)], [rule("30")], "ExpirationInDays from 365 days to 30 days: every object"),
        ([rule(9, "a/")], [rule(8, "a/")], "ExpirationInDays from 9 days to 8 days: prefix a/"),
        ([], [rule(30)], "ExpirationInDays from no end to 30 days: every object"),
        ([rule(30, status="Disabled")], [rule(30)], "ExpirationInDays from no end to 30 days: every object"),
        ([rule(9, "a/")], [rule(9)], "ExpirationInDays from no end to 9 days: every object"),
        ([rule(9)], [rule(9), rule(2, "a/")], "ExpirationInDays from 9 days to 2 days: prefix a/"),
        (
            [rule(9)],
            [rule(9), rule(2, TagFilters=[{"Key": "draft", "Value": "1"}])],
            'ExpirationInDays from 9 days to 2 days: every object, TagFilters {"Key": "draft", "Value": "1"}',
        ),
        (
            [rule(9, old_versions=7)],
            [rule(9, old_versions=1)],
            "NoncurrentVersionExpiration from 7 days to 1 day: every object",
        ),
        (
            [rule(NoncurrentVersionExpiration={"NoncurrentDays": 7})],
            [rule(NoncurrentVersionExpirationInDays=3)],
            "NoncurrentVersionExpiration from 7 days to 3 days: every object",
        ),
    ],
)
def test_a_bucket_that_keeps_something_for_a_shorter_time_is_a_danger(before: Any, after: Any, said: str) -> None:
    assert shortened(before, after) == [said]
    assert KINDS[SHORTER].danger


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([rule(30)], [rule(365)]),
        ([rule(30)], []),
        ([rule(30)], [rule(30, status="Disabled")]),
        ([rule(30)], [rule(30), rule(60, "a/")]),
        ([rule(30), rule(9, "a/")], [rule(30), rule(9, "a/b/")]),
        ([rule(30)], [rule(30), rule(30, "a/", old_versions=UNSEEN)]),
        ([rule(30)], [rule(UNSEEN)]),
        ([rule(UNSEEN)], [rule(30)]),
        ([rule(30)], [{"Fn::Transform": "unseen"}]),
        ([rule(30)], [rule(30), rule(2, status="Disabled")]),
    ],
)
def test_what_is_kept_as_long_as_before_or_is_not_seen_is_no_danger(before: Any, after: Any) -> None:
    assert shortened(before, after) == []


def test_what_else_changes_in_a_bucket_does_not_go_unsaid() -> None:
    configured = [{"LifecycleConfiguration": {"Rules": [rule(each)]}} for each in (9, 8)]
    assert [kind for kind, _ in told("AWS::S3::Bucket", *configured)] == [SHORTER, "resource-updated"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"RetentionInDays": 365}, {"RetentionInDays": 1}, (SHORTER, "RetentionInDays from 365 days to 1 day")),
        ({}, {"RetentionInDays": 30}, (SHORTER, "RetentionInDays from no end to 30 days")),
        ({"RetentionInDays": 1}, {}, ("retention-lengthened", "RetentionInDays from 1 day to no end")),
        (
            {"RetentionInDays": 1},
            {"RetentionInDays": UNSEEN},
            ("resource-updated", "AWS::Logs::LogGroup updated in place: RetentionInDays"),
        ),
    ],
)
def test_logs_that_are_kept_for_a_shorter_time_are_a_danger(before: Json, after: Json, said: tuple[str, str]) -> None:
    assert told("AWS::Logs::LogGroup", before, after) == [said]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"RetentionDays": 365}, {"RetentionDays": 1}, (SHORTER, "RetentionDays from 365 days to 1 day")),
        ({}, {"RetentionDays": 30}, (SHORTER, "RetentionDays from no end to 30 days")),
        ({"RetentionDays": 30}, {"RetentionDays": 0}, ("retention-lengthened", "RetentionDays from 30 days to no end")),
        (
            {"RetentionDays": 1},
            {"RetentionDays": UNSEEN},
            ("resource-updated", "AWS::Events::Archive updated in place: RetentionDays"),
        ),
    ],
)
def test_an_archive_of_a_bus_that_forgets_sooner_is_a_danger(before: Json, after: Json, said: tuple[str, str]) -> None:
    assert told("AWS::Events::Archive", before, after) == [said]


def test_an_archive_of_a_bus_that_is_removed_takes_its_events_with_it() -> None:
    archive = {"Type": "AWS::Events::Archive", "Properties": {"RetentionDays": 30}}
    old, new = (Template({"Resources": each}, name="Shop") for each in ({"It": archive}, {}))
    assert [each.kind for each in compare(old, new)] == ["data-removed"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (30, None, (SHORTER, "ArchivePolicy from 30 days to 0 days")),
        (30, {}, (SHORTER, "ArchivePolicy from 30 days to 0 days")),
        ("30", "3", (SHORTER, "ArchivePolicy from 30 days to 3 days")),
        (None, 30, ("retention-lengthened", "ArchivePolicy from 0 days to 30 days")),
        (30, UNSEEN, ("resource-updated", "AWS::SNS::Topic updated in place: ArchivePolicy")),
    ],
)
def test_a_topic_that_forgets_what_it_archived_is_a_danger(before: Any, after: Any, said: tuple[str, str]) -> None:
    """SNS deletes an archive that is switched off."""

    def archived(days: Any) -> Json:
        if isinstance(days, dict):
            return {"FifoTopic": True, "ArchivePolicy": days}
        return {"FifoTopic": True, **({"ArchivePolicy": {"MessageRetentionPeriod": days}} if days else {})}

    assert told("AWS::SNS::Topic", archived(before), archived(after)) == [said]
