"""What a replay finds in the archive, and why each of the rest stays where it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from fanout import names
from fanout.cli.views.status import render
from fanout.contracts.app import app_contracts
from fanout.errors import OpsError, Unusable
from fanout.ops.aws import tombstones
from fanout.ops.aws.subscription import Subscription
from fanout.ops.replay import permission
from fanout.ops.replay.archive import Archive
from fanout.ops.replay.message import Archived
from fanout.ops.replay.plan import Plan
from fanout.ops.replay.selection import moment
from fanout.ops.status.health import Health
from fanout.ops.status.report import Report
from fanout.publisher import checked_event
from fanout.publisher.attributes import as_message_attributes
from fanout.runtime import archive_key
from tests.unit.ops.aws.s3 import MOST_KEYS, S3, refused
from tests.unit.ops.given import event
from tests.unit.ops.replay.given import BUCKET, NOW, Outcomes, World, fifo, world

__all__ = ["fifo", "world"]


def test_the_days_of_a_selection_are_what_is_listed_and_the_events_own_time_decides(world: World) -> None:
    for number in range(24 * 10):
        world.archive(number)
    found = world.estimate("2026-01-03", "2026-01-04")
    assert (found.to_send, found.listed) == (48, 48)
    assert (found.oldest, found.newest) == (datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 4, 23, tzinfo=UTC))
    assert found.by_type == {"order.placed.v1": 48} and found.completeness
    assert world.estimate("2026-01-03T06:00", "2026-01-03T09:00").to_send == 3
    assert world.estimate("2026-01-10").to_send == 24


def test_objects_of_an_older_layout_are_found_by_the_day_they_were_archived_on(world: World) -> None:
    world.archive(1, key="berlin/e1/" + "1" * 32 + ".json")
    world.archive(30, key="berlin/2026/01/02/e30.json")
    world.archive(31)
    assert world.estimate().to_send == 3
    assert world.estimate("2026-01-02").to_send == 2
    assert world.estimate(group="berlin").to_send == 3
    assert world.estimate(group="paris").to_send == 0


def test_group_and_type_are_those_of_the_event(world: World) -> None:
    world.archive(1)
    world.archive(2, data={"shop_id": "paris", "order_id": "o", "items": {}})
    found = world.estimate(group="paris")
    assert (found.to_send, found.listed) == (1, 1)
    assert world.estimate(types=["order.placed.v1"]).to_send == 2
    assert world.estimate(types=["order.placed.v2"]).stay == {"outside": 2}


def test_an_event_with_two_objects_is_sent_once(world: World) -> None:
    """A publisher that tries again after midnight may give it another time."""
    name = f"{7:032x}.json"
    for day in ("01", "02"):
        at = datetime(2026, 1, int(day), 12, tzinfo=UTC)
        world.archive(7, at=at, key=f"{names.ARCHIVE_PREFIX}/2026/01/{day}/berlin/e7/{name}")
    assert (world.estimate().to_send, world.estimate().stay) == (1, {"copy": 1})
    assert world.estimate("2026-01-02").to_send == 1


def test_what_is_no_event_by_contract_is_named_by_its_key_and_never_by_what_is_in_it(world: World) -> None:
    key = world.archive(1, data={"shop_id": "s3cret", "order_id": 5, "items": {}})
    world.s3.put(f"{names.ARCHIVE_PREFIX}/2026/01/01/x/y/z.json", "s3cret{", NOW)
    found = world.estimate()
    assert found.to_send == 0 and {each for each, _ in found.refused} >= {key}
    assert "s3cret" not in json.dumps([why for _, why in found.refused]) and not found.completeness


def test_events_of_a_reference_whose_data_was_erased_stay(world: World) -> None:
    """However they came back into the archive; a plan that was counted before does not send them either."""
    for number in (1, 2):
        world.archive(number)
    key = tombstones.key("o2")
    world.items[key] = {names.RECORD_KEY: {"S": key}, names.ERASED_AT: {"S": "2026-01-02T00:00:00+00:00"}}
    assert (world.estimate().to_send, world.estimate().stay) == (1, {"erased": 1})
    del world.items[key]
    with world.plan(fresh=True) as made:
        assert world.count(made).to_send == 2
    world.items[key] = {names.RECORD_KEY: {"S": key}}
    result = world.replay()
    assert world.sent() == ["e1"] and result.counts["left_out"] == 1


@pytest.mark.parametrize("type_", ["fanout.heartbeat.v1", "fanout.probe.v1", "x.heartbeat.v1"])
def test_heartbeats_and_probes_are_never_replayed(world: World, type_: str) -> None:
    world.archive(1, type=type_)
    assert world.estimate().stay == {"outside": 1}


def test_what_the_filter_keeps_back_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    only = Subscription("topic", {"shop_id": ["paris"]})
    monkeypatch.setattr("fanout.ops.replay.checking.read_subscriptions", lambda _: [only])
    world.archive(1)
    world.archive(2, data={"shop_id": "paris", "order_id": "o", "items": {}})
    found = world.estimate()
    assert (found.to_send, found.stay) == (1, {"filtered": 1})


def test_records_decide_what_is_left(world: World) -> None:
    for number in range(1, 7):
        world.archive(number)
    world.record(1, "done")
    world.record(2, "dead")
    world.record(3, "working")
    world.record(4, "failed", at=NOW - timedelta(days=5))  # longer ago than its queue keeps a message
    world.record(5, "done", source="/another")
    everything = world.estimate()
    assert (everything.to_send, everything.stay) == (4, {"done": 1, "in hand": 1})
    missing = world.estimate(missing=True)
    assert (missing.to_send, missing.stay) == (3, {"done": 1, "dead": 1, "in hand": 1})
    again = world.estimate(again=True, reason="the receiver lost them")
    assert (again.to_send, again.again, again.stay) == (5, 1, {"in hand": 1})


def test_what_is_older_than_records_is_unknown_unless_the_queue_is_younger(world: World) -> None:
    world.variables[names.COMPLETED_SECONDS] = str(20 * 86_400)
    world.archive(1)
    world.archive(2, at=NOW - timedelta(days=2))
    found = world.estimate()
    assert (found.to_send, found.stay) == (1, {"unknown": 1})
    assert not found.completeness
    assert world.estimate(again=True, reason="all of it").stay.get("unknown") is None
    world.sqs.queue(world.queue).more["CreatedTimestamp"] = str(int(NOW.timestamp()))
    assert world.estimate().stay.get("unknown") is None


def test_a_record_that_cannot_be_read_is_unknown(world: World) -> None:
    world.archive(1)
    world.items["task#e1"] = {names.RECORD_KEY: {"S": "task#e1"}, "of_x": {"S": "odd"}}
    assert world.estimate().stay == {"unknown": 1}


def test_what_the_archive_lacks_is_said_first(world: World) -> None:
    world.sqs.put("https://sqs/1/fd", "{}")
    world.sqs.put("https://sqs/1/f", "{}")
    unseen = world.estimate().completeness.unseen
    assert (
        unseen[0] == "1 event died at filler, so the archive lacks them: redrive them" and "1 event wait" in unseen[1]
    )


def test_a_message_is_what_the_publisher_sent(world: World) -> None:
    for contract in app_contracts():
        for example in contract.examples:
            published = checked_event(example)
            archived = Archived.read(published.body, app_contracts())
            sent = archived.outgoing("1", group=None, again_from=None)
            assert sent.body == published.body
            assert sent.attributes == as_message_attributes(published.attributes)
            assert sent.bytes == published.size


def test_a_body_is_sent_byte_for_byte(world: World) -> None:
    odd = json.dumps(event(1), indent=3, ensure_ascii=True)
    assert Archived.read(odd, app_contracts()).outgoing("1", group=None, again_from=None).body == odd


def test_an_event_of_ten_attributes_has_no_room_to_say_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanout.ops.replay.message.MAX_ATTRIBUTES", 1)
    world.archive(1)
    assert world.estimate().to_send == 1
    assert world.estimate(again=True, reason="r").stay == {"refused": 1}


def test_the_archive_writes_where_the_replay_looks(world: World) -> None:
    from tests.unit.lambdas.given import order

    written = archive_key(order(json.dumps(event(1, time="2026-01-15T23:30:00-02:00"))))
    assert written.startswith(f"{names.ARCHIVE_PREFIX}/2026/01/16/berlin/e1/")
    world.s3.put(written, json.dumps(event(1, time="2026-01-15T23:30:00-02:00")), NOW)
    assert world.estimate("2026-01-16", "2026-01-16").to_send == 1
    assert world.estimate("2026-01-15", "2026-01-15").to_send == 0


@pytest.mark.parametrize(
    ("since", "more", "says"),
    [
        ("yesterday", {}, "--from yesterday: expected a day"),
        ("2027-01-01", {}, "--from 2027-01-01 is not before now"),
        ("2026-01-01", {"again": True}, "--again repeats"),
        ("2026-01-01", {"reason": "x"}, "--reason belongs to --again"),
        ("2026-01-01", {"again": True, "missing": True, "reason": "x"}, "give one of them"),
        ("0001-01-01", {}, "more than"),
    ],
)
def test_what_makes_no_sense_is_one_line(world: World, since: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(Unusable, match=says):
        world.estimate(since, **more)


def test_a_day_is_in_it_and_a_moment_is_not() -> None:
    assert moment("2026-01-02", "--to", end=True) == datetime(2026, 1, 3, tzinfo=UTC)
    assert moment("2026-01-02T01:00+01:00", "--to", end=True) == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_task_that_does_not_say_so_is_not_replayable(world: World) -> None:
    permission.refuse_if_not_replayable(world.subscriber)
    del world.tags[names.REPLAYABLE_TAG]
    with pytest.raises(OpsError, match="task is not replayable"):
        permission.refuse_if_not_replayable(replace(world.subscriber))


def test_a_task_that_its_topic_calls_has_no_queue_to_send_to(world: World) -> None:
    with pytest.raises(OpsError, match="task has no queue: its topic calls it directly"):
        permission.refuse_if_not_replayable(replace(world.subscriber, queue_url=""))


def test_a_backfill_is_of_the_deployment_and_once(world: World) -> None:
    with pytest.raises(Unusable, match="has no backfill"):
        permission.backfill_days(replace(world.subscriber))
    world.tags[names.BACKFILL_TAG] = "30"
    assert permission.backfill_days(replace(world.subscriber)) == 30
    world.tags[names.BACKFILLED_TAG] = "2026-01-01 5 events"
    with pytest.raises(Unusable, match="was done"):
        permission.backfill_days(replace(world.subscriber))


def test_a_queue_that_would_forget_the_first_is_refused(world: World) -> None:
    for number in range(10):
        world.archive(number)
    with world.plan() as made:
        found = world.count(made, rate=0.001)
        with pytest.raises(Unusable, match="give a higher --rate"):
            permission.refuse_if_too_slow(found, 4)
        permission.refuse_if_too_slow(found, 86_400)


def test_without_an_archive_there_is_nothing_to_replay(world: World) -> None:
    world.stack.outputs.clear()
    with pytest.raises(OpsError, match="has no archive"):
        Archive.of(world.stack, None)
    assert Archive.of(world.stack, "mine").bucket == "mine"


def test_a_plan_is_of_one_program(world: World) -> None:
    with world.plan() as made, pytest.raises(OpsError, match="another fanout replay"), Plan.open(made.plan.path):
        pass


def test_the_double_lists_as_s3_does() -> None:
    s3 = S3(lambda: NOW.timestamp())
    for number in range(2_500):
        s3.put(f"a/{number % 3}/{number:05}", "{}")
    s3.put("b", "{}")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="a/"))
    assert [len(each["Contents"]) for each in pages] == [MOST_KEYS, MOST_KEYS, 500]
    keys = [each["Key"] for page in pages for each in page["Contents"]]
    assert keys == sorted(keys) and len(set(keys)) == 2_500
    (page,) = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="a/", Delimiter="/")
    assert [each["Prefix"] for each in page["CommonPrefixes"]] == ["a/0/", "a/1/", "a/2/"]
    s3.delete("b")
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="b")


def test_status_says_that_a_backfill_waits_and_that_it_is_no_trouble(world: World) -> None:
    def said(health: Health) -> str:
        console = Console(width=200)
        with console.capture() as captured:
            console.print(render(Report(world.stack, NOW, [health], 1, [], [])))
        return captured.get()

    world.tags[names.BACKFILL_TAG] = "30"
    waits = Health("task", backfill=replace(world.subscriber).open_backfill)
    assert "backfill of task, 30 days, was not done: fanout replay task --backfill --dry-run" in said(waits)
    assert "nobody is needed" in said(waits) and waits.as_dict()["backfill"] == 30
    world.tags[names.BACKFILLED_TAG] = "2026-01-01 5 events"
    assert "backfill" not in said(Health("task", backfill=replace(world.subscriber).open_backfill))


def test_what_was_counted_an_hour_ago_is_counted_anew_unless_some_of_it_was_sent(world: World) -> None:
    world.archive(1)

    def counted() -> tuple[int, datetime | None]:
        with world.plan() as made:
            return world.count(made).listed, made.counted

    assert counted() == (1, None)
    world.clock.wait(3_000)
    world.archive(2)
    assert counted() == (1, NOW)  # of the dry run a moment ago, which is said
    world.clock.wait(1_000)
    assert counted() == (2, None)
    world.outcomes = Outcomes(lambda _: "failed")
    world.replay()
    world.clock.wait(7_200)
    world.archive(3)
    assert counted() == (2, NOW + timedelta(seconds=4_000))


def test_a_count_that_was_cut_goes_on_for_a_day(world: World) -> None:
    for number in range(3):
        world.archive(number)
    for is_new, waits in ((True, 80_000), (False, 8_000), (True, 0)):
        with world.plan() as made:
            assert (made.plan.fact("mark") is None) is is_new
            made.plan.set(mark=True)
        world.clock.wait(waits)


def test_an_object_in_glacier_is_named_and_keeps_nothing_else_back(world: World) -> None:
    keys = [world.archive(number) for number in range(3)]

    def freeze(operation: str, asked: dict[str, Any]) -> None:
        if operation == "GetObject" and asked["Key"] == keys[1]:
            raise refused("InvalidObjectState", 403)

    world.s3.around = freeze
    found = world.estimate()
    assert (found.to_send, found.refused) == (2, [(keys[1], "it is in Glacier: restore it first")])
    assert world.replay().counts["sent"] == 2
