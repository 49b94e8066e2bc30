"""`fanout where`: exact by the records, in calls that do not grow, and nothing is received from any queue."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from fanout.cli.views.where import render
from fanout.contracts.app import known_contracts
from fanout.ops.aws import records
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.timeline import timeline
from fanout.ops.timeline.filters import judge_unseen
from fanout.ops.timeline.state import DEAD, DONE, NOT_FOUND, RETRYING, UNKNOWN, WORKING, EventState
from fanout.runtime import record
from tests.examples import examples
from tests.unit.ops.aws.dynamodb import Reads, refused, typed
from tests.unit.ops.aws.logs import Logs, outcome, received, report
from tests.unit.ops.aws.sqs import Clock, Message, Sqs
from tests.unit.ops.given import event

TASKS = ("archive", "mail", "webhook")
TABLE = "records"
FIVE = '{"maxReceiveCount":5}'


class World:
    """A stack of three tasks; `items` is its table, as `fanout.runtime.record` writes it."""

    def __init__(self, table: str | None = TABLE) -> None:
        self.clock = Clock()
        self.sqs, self.logs, self.items = Sqs(self.clock), Logs(self.clock), dict[str, Any]()
        self.dynamodb = Reads(self.items, self.clock)
        self.aws = cast(
            Aws,
            SimpleNamespace(
                sqs=self.sqs,
                logs=self.logs,
                dynamodb=self.dynamodb,
                sns=SimpleNamespace(get_paginator=self._denied),
                functions=SimpleNamespace(
                    get_function_configuration=lambda FunctionName: {"LoggingConfig": {"LogGroup": FunctionName}}
                ),
            ),
        )
        tasks = tuple(
            DeployedSubscriber(self.aws, each, each, f"https://sqs/1/{each}", f"https://sqs/1/{each}-dead", each, table)
            for each in TASKS
        )
        for each in tasks:
            self.sqs.queue(each.queue_url).more["RedrivePolicy"] = FIVE
        self.stack = Stack(self.aws, "S", "arn:aws:cloudformation:r:1:stack/S/1", "CREATE_COMPLETE", {}, tasks)

    def _denied(self, _: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ListSubscriptionsByTopic")

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def put(self, task: str, state: str, *, source: str = "/shops/berlin", id_: str = "e1", **more: Any) -> None:
        """A record, five minutes old."""
        at = self.clock() - 300
        told = {"source": source, "claim": "c", "data": "d", "state": state, "attempt": 1, "message_id": f"m-{task}"}
        told |= {"request_id": "r1", "first_at": at, "at": at, **more}
        key = record.key(task, id_)
        item = self.items.setdefault(key, {"task_event": typed(key), "expires_at": typed(self.clock() + 1e6)})
        item[record.attribute(source)] = typed(told)

    def where(self, id_: str = "e1", **more: Any) -> list[EventState]:
        return timeline.for_stack(self.stack, id_, since=self.now - timedelta(days=14), **more)

    def at(self, task: str, id_: str = "e1", **more: Any) -> EventState:
        (found,) = [each for each in self.where(id_, **more) if each.task == task]
        return found

    def receives(self) -> int:
        return self.sqs.calls["ReceiveMessage"]


@pytest.fixture
def world() -> World:
    return World()


def done_everywhere(world: World, *but: str) -> None:
    for each in TASKS:
        if each not in but:
            world.put(each, "done")


def test_the_subscriptions_of_all_are_asked_for_at_once() -> None:
    """Each waits until all have been asked, and would give up alone."""
    world, together = World(), Barrier(len(TASKS))

    def denied(_: str) -> Any:
        together.wait(timeout=5)
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ListSubscriptionsByTopic")

    cast(Any, world.aws).sns.get_paginator = denied
    found = [(each, EventState(each.task, NOT_FOUND)) for each in world.stack.subscribers]
    assert [each.state for each in judge_unseen(found)] == [NOT_FOUND] * 3 and not together.broken


def test_done_everywhere_is_one_call(world: World) -> None:
    done_everywhere(world)
    found = world.where()
    assert [(each.task, each.state, each.is_well) for each in found] == [(task, DONE, True) for task in TASKS]
    assert found[0].said() == f"done at {(world.now - timedelta(minutes=5)).isoformat(timespec='seconds')}"
    assert world.dynamodb.calls == {"BatchGetItem": 1} and not world.sqs.calls and not world.logs.requests


@pytest.mark.long
@pytest.mark.parametrize("state", ["done", "working", "failed", "dead", None])
def test_the_calls_do_not_grow_with_traffic_or_dead_letters(world: World, state: str | None) -> None:
    """10,000 dead letters, 9,000 lines of others a task: what docs/operations.md promises."""
    for task in TASKS:
        url = world.stack.subscriber(task).dead_letter_queue_url
        letters = [Message(f"dead{n}", "{}", {}, {}, world.clock()) for n in range(10_000)]
        world.sqs.queue(url).messages = letters
        busy = [outcome("failed", f"x{n}", error_type="E", error="no", event_id=f"other{n}") for n in range(9_000)]
        world.logs.write(task, *busy, at=world.now - timedelta(minutes=5))
        if state is not None:
            world.put(task, state, error_type="TransientError", error="503", attempt=2)
    world.sqs.calls.clear()
    found = world.where()
    assert {each.task for each in found} == set(TASKS)
    assert world.receives() == 0
    assert world.dynamodb.calls["BatchGetItem"] == 1 and world.dynamodb.calls["Query"] == (state is None)
    counts = {"done": 0, "working": 1, "failed": 1, "dead": 1, None: 4}[state]
    assert world.sqs.calls["GetQueueAttributes"] <= counts * len(TASKS)
    assert len(world.logs.requests) <= {"done": 0, None: 10}.get(state, 20) * len(TASKS)
    if state is None:
        assert [each.state for each in found] == [NOT_FOUND] * 3
        assert found[0].said() == (
            "not seen: no record, no log line of it; not looked at:"
            " 10000 dead letters: --letters looks, and hides them from others for up to a minute"
        )


def test_an_attempt_at_work_has_its_lease(world: World) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "working", attempt=2, lease_until=int(world.clock() + 30))
    found = world.at("mail")
    assert found.state == WORKING and not found.is_well and not found.is_over
    assert found.said().startswith("attempt 2 of 5 is at work since ") and " at most" in found.said()


def test_a_lease_is_over_by_awss_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's clock is an hour fast."""
    done_everywhere(world, "mail")
    world.put("mail", "working", lease_until=int(world.clock() + 30))

    class Fast(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Fast":
            return cast(Fast, datetime.fromtimestamp(world.clock() + 3_600, tz))

    monkeypatch.setattr(records, "datetime", Fast)
    monkeypatch.setattr(timeline, "datetime", Fast)
    assert world.at("mail").state == WORKING


@pytest.mark.parametrize(("attempt", "state"), [(2, RETRYING), (5, DEAD)])
def test_an_attempt_whose_lease_is_over_crashed(world: World, attempt: int, state: str) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "working", attempt=attempt, lease_until=int(world.clock() - 100))
    at = world.now - timedelta(minutes=5)
    world.logs.write("mail", received({"m-mail": attempt}, "r1"), report("r1", "timeout"), at=at)
    found = world.at("mail")
    assert found.state == state
    assert f"attempt {attempt} of 5 began at {at.isoformat(timespec='seconds')} and never ended" in found.said()
    assert "FunctionTimedOut: the function ended before this message had an outcome" in found.said()
    assert ("it comes back" in found.said()) == (state == RETRYING)
    assert ("its attempts are used up, and SQS moves it" in found.said()) == (state == DEAD)


@pytest.mark.parametrize("lease", [-100, 30])
@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("done", DONE, "done at "),
        ("dead", DEAD, "a dead letter since "),
        ("failed", RETRYING, "attempt 1 of 5 failed, and it comes back: E: why"),
    ],
)
def test_an_attempt_that_ended_without_its_record_is_told_by_its_log(
    world: World, kind: str, state: str, said: str, lease: int
) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "working", lease_until=int(world.clock() + lease))
    more = {} if kind == "done" else {"error_type": "E", "error": "why"}
    told = outcome(kind, "m-mail", 1, event_id="e1", function_request_id="r1", **more)
    world.logs.write("mail", received({"m-mail": 1}, "r1"), told, at=world.now - timedelta(minutes=2))
    found = world.at("mail")
    assert (found.state, found.is_well) == (state, kind == "done") and found.said().startswith(said)
    assert found.as_dict()["source"] == "/shops/berlin"


@pytest.mark.parametrize("other", [{"function_request_id": "r0"}, {"attempt": 2}, {"minutes": 6}])
def test_but_by_that_of_no_other_attempt(world: World, other: dict[str, Any]) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "working", lease_until=int(world.clock() + 30))
    before = timedelta(minutes=other.pop("minutes", 2))
    told = {**outcome("done", "m-mail", 1, event_id="e1", function_request_id="r1"), **other}
    world.logs.write("mail", told, at=world.now - before)
    assert world.at("mail").state == WORKING


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("done", DONE, "done at "),
        ("dead", DEAD, "a dead letter since "),
        ("failed", RETRYING, "attempt 2 of 5 failed, and it comes back: E: of today"),
    ],
)
@pytest.mark.parametrize("recorded", ["failed", "dead", "working"])
@pytest.mark.parametrize("message", ["m-mail", "redriven"])
def test_an_attempt_after_the_record_is_told_by_its_log(
    world: World, message: str, recorded: str, kind: str, state: str, said: str
) -> None:
    """A later one at the message, or one at what a redrive made of it: it ended before its event was claimed."""
    done_everywhere(world, "mail")
    yesterday = world.clock() - 86_400
    world.put("mail", recorded, at=yesterday, lease_until=yesterday + 30, error_type="E", error="of yesterday")
    more = {} if kind == "done" else {"error_type": "E", "error": "of today"}
    world.logs.write("mail", outcome(kind, message, 2, event_id="e1", **more))
    found = world.at("mail")
    assert found.state == state and found.said().startswith(said) and "yesterday" not in found.said()


def test_a_line_after_the_record_is_of_either_event_where_two_sources_share_its_id(world: World) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "done", source="/shops/rome")
    world.put("mail", "failed", at=world.clock() - 86_400, attempt=5, error_type="E", error="of yesterday")
    world.logs.write("mail", outcome("done", "another", 1, event_id="e1"))
    assert [each.state for each in world.where() if each.task == "mail"] == [DEAD, DONE]


@pytest.mark.parametrize(
    ("attempt", "state", "said"),
    [
        (2, RETRYING, "attempt 2 of 5 failed, and it comes back: TransientError: 503"),
        (5, DEAD, "TransientError: 503: its attempts are used up, and SQS moves it to the dead-letter queue"),
    ],
)
def test_a_failure_comes_back_or_has_used_up_its_attempts(world: World, attempt: int, state: str, said: str) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "failed", attempt=attempt, error_type="TransientError", error="503")
    found = world.at("mail")
    assert (found.state, found.said(), found.attempt) == (state, said, attempt)


@pytest.mark.parametrize("recorded", ["working", "failed"])
@pytest.mark.parametrize("buries", [True, False])
@pytest.mark.parametrize(("hours", "state"), [(1, RETRYING), (7, DEAD)])
def test_what_a_topic_calls_is_given_up_once_lambda_tries_no_more(
    world: World, recorded: str, buries: bool, hours: int, state: str
) -> None:
    """Its crashes leave no line that could be counted."""
    at = world.clock() - hours * 3_600
    world.put("mail", recorded, at=at, lease_until=at + 35, error_type="E", error="503")
    dead = "https://sqs/1/mail-dead" if buries else ""
    called = DeployedSubscriber(
        world.aws, "mail", "mail", "", dead, "mail", TABLE, subscription_arn="arn:aws:sns:r:1:t:s"
    )
    world.stack = replace(world.stack, subscribers=(called,))
    found = world.at("mail")
    assert found.state == state and ("it comes back" in found.said()) == (state == RETRYING)
    assert ("never ended: it crashed or timed out" in found.said()) == (recorded == "working")
    given_up = ": Lambda has given it up by now: a dead letter, unless somebody redrove or dropped it"
    assert state == RETRYING or (
        found.said().endswith(given_up) if buries else found.said().startswith("dropped by now, as the task may: ")
    )


def test_earlier_attempts_are_of_the_message_and_of_its_time(world: World) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "failed", attempt=2, error_type="TransientError", error="503")
    first = outcome("failed", "m-mail", 1, event_id="e1", error_type="OutOfTime", error="late")
    world.logs.write("mail", first, at=world.now - timedelta(minutes=6))
    world.logs.write("mail", {**first, "function_request_id": "old"}, at=world.now - timedelta(days=9))
    assert [each.error_type for each in world.at("mail").attempts] == ["OutOfTime"]
    world.put(
        "mail", "failed", attempt=2, first_at=world.clock() - 10 * 86_400, error_type="E", error="after a redrive"
    )
    assert [each.error_type for each in world.at("mail").attempts] == ["OutOfTime"]


def test_a_dead_event_has_its_letter_and_when(world: World) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "dead", error_type="PermanentError", error="410", dead_letter="letter-1")
    found = world.at("mail")
    at = (world.now - timedelta(minutes=5)).isoformat(timespec="seconds")
    assert (
        found.said() == f"dead letter letter-1 since {at}, unless somebody redrove or dropped it: PermanentError: 410"
    )
    told = found.as_dict()
    assert (found.state, told["dead_letter"], told["dead_since"]) == (
        DEAD,
        "letter-1",
        world.now - timedelta(minutes=5),
    )


@pytest.mark.parametrize("letters", [False, True])
def test_where_the_task_may_drop_it_a_dead_event_was_dropped_and_no_letter_removed(world: World, letters: bool) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "dead", error_type="PermanentError", error="no such page", dead_letter="")
    drops = DeployedSubscriber(world.aws, "mail", "mail", "", "", "mail", TABLE, subscription_arn="arn:aws:sns:r:1:t:s")
    world.stack = replace(
        world.stack, subscribers=tuple(drops if each.task == "mail" else each for each in world.stack.subscribers)
    )
    at = (world.now - timedelta(minutes=5)).isoformat(timespec="seconds")
    found = world.at("mail", letters=letters)
    assert found.state == DEAD and not found.is_well
    assert found.said() == f"dropped at {at}, as the task may: PermanentError: no such page"


def test_letters_looks_and_says_whether_it_is_there(world: World) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "dead", error_type="PermanentError", error="410", dead_letter="letter-1")
    url = world.stack.subscriber("mail").dead_letter_queue_url
    world.sqs.put(url, '{"id": "e2"}', id_="another")
    gone = world.at("mail", letters=True)
    assert gone.said().endswith("it is not in the dead-letter queue: somebody redrove or dropped it")
    world.sqs.put(url, '{"id": "e1"}', id_="letter-1")
    there = world.at("mail", letters=True)
    assert there.message is not None and there.said() == "dead letter letter-1: PermanentError: 410"
    assert world.receives() > 0 and len(world.sqs.visible(url)) == 2


def test_letters_finds_what_no_record_tells_of(world: World) -> None:
    url = world.stack.subscriber("mail").dead_letter_queue_url
    world.sqs.put(url, '{"id": "e1"}', id_="undelivered")
    unseen = world.at("mail")
    assert unseen.state == NOT_FOUND and unseen.completeness.unseen[0].startswith("1 dead letter: --letters looks")
    found = world.at("mail", letters=True)
    assert (found.state, found.letter, found.completeness.unseen) == (DEAD, "undelivered", ())


def test_a_source_each_has_a_row(world: World) -> None:
    done_everywhere(world, "mail")
    world.put("mail", "done")
    world.put("mail", "failed", source="/shops/rome", error_type="TransientError", error="503")
    rows = [each for each in world.where() if each.task == "mail"]
    assert [(each.as_dict()["source"], each.state) for each in rows] == [
        ("/shops/berlin", DONE),
        ("/shops/rome", RETRYING),
    ]
    assert rows[1].said().startswith("of /shops/rome: attempt 1 of 5 failed")


def test_a_reference_is_found_by_the_index(world: World) -> None:
    for task in TASKS:
        world.put(task, "done")
        world.items[record.key(task, "e1")]["reference"] = typed("order-1")
    assert [each.state for each in world.where("order-1")] == [DONE] * 3
    assert world.dynamodb.calls == {"BatchGetItem": 2, "Query": 1}


def test_a_message_and_a_heartbeat_are_asked_of_the_log(world: World) -> None:
    world.logs.write("mail", outcome("failed", "m7", 1, event_id="e7", error_type="E", error="no"))
    world.logs.write("webhook", outcome("heartbeat", "m8", event_id="beat-1"))
    found = world.at("mail", "m7")
    assert (found.state, found.said()) == (RETRYING, "attempt 1 of 5 failed, and it comes back: E: no")
    assert world.at("webhook", "beat-1").state == DONE


def test_a_subscriber_without_a_record_is_asked_of_its_log_in_the_others_time(world: World) -> None:
    """Another team's function, of an engine that writes none."""
    done_everywhere(world, "mail")
    world.logs.write("mail", outcome("done", "m-mail", event_id="e1"), at=world.now - timedelta(minutes=5))
    assert world.at("mail").state == DONE
    (asked,) = world.logs.requests
    assert asked["filterPattern"] == '"e1"'
    assert asked["startTime"] >= (world.clock() - 601) * 1000 and asked["endTime"] is not None


def test_a_stack_without_the_table_says_so(world: World) -> None:
    old = World(table=None)
    old.logs.write("mail", outcome("done", "m1", event_id="e1"))
    assert old.at("mail").is_well
    assert old.at("archive").completeness.unseen == ("records: S has no table of them (deploy it again)",)
    assert not old.dynamodb.calls


def test_who_may_not_read_the_table_reads_logs(world: World) -> None:
    def denied(operation: str) -> None:
        raise refused(operation, "AccessDeniedException")

    world.dynamodb.around = denied
    world.logs.write("mail", outcome("done", "m1", event_id="e1"))
    assert world.at("mail").is_well
    assert world.at("archive").completeness.unseen[0].startswith("records: these credentials may not BatchGetItem")


def test_without_records_each_event_of_a_reference_has_its_own_story(world: World) -> None:
    (name, *_) = known_contracts().reference_names
    of_order = {name: "order-1"}
    old = World(table=None)
    died = outcome("dead", "m1", 5, event_id="e1", error_type="E", error="no", **of_order)
    again = outcome("failed", "m3", 1, event_id="e3", error_type="E", error="busy", **of_order)
    old.logs.write("mail", died, again, outcome("done", "m2", 1, event_id="e2", **of_order))
    found = {each.attempts[-1].event_id: each for each in old.where("order-1") if each.task == "mail"}
    assert {event: each.state for event, each in found.items()} == {"e1": DEAD, "e2": DONE, "e3": RETRYING}
    assert [len(each.attempts) for each in found.values()] == [1, 1, 1]
    assert "attempts" not in found["e2"].said() and not found["e1"].is_well


def test_a_dead_letter_of_another_event_of_a_reference_is_not_told_as_this_ones(world: World) -> None:
    (name, *_) = known_contracts().reference_names
    old = World(table=None)
    for number in (1, 2):
        failed = outcome("failed", f"m{number}", 5, event_id=f"e{number}", error_type="E", error="no")
        old.logs.write("mail", {**failed, name: "order-1"})
    body = json.dumps(event(2, data={"shop_id": "berlin", "order_id": "order-1"}))
    old.sqs.put(old.stack.subscriber("mail").dead_letter_queue_url, body, id_="letter-2")
    first, second = [each for each in old.where("order-1", letters=True) if each.task == "mail"]
    assert (first.letter, second.letter) == (None, "letter-2")


def test_of_a_part_of_the_log_nothing_is_concluded(world: World) -> None:
    world.logs.write("mail", outcome("failed", "m1", 5, event_id="e9", error_type="E", error="no"))
    world.logs.write("mail", outcome("failed", "m1", 5, event_id="e9", error_type="E", error="no"))
    world.logs.page_events = world.logs.scanned = 1
    world.logs.write("mail", *(outcome("done", f"x{n}") for n in range(30)))
    found = world.at("mail", "e9")
    assert found.state == UNKNOWN and not found.is_over
    assert "more than 10 pages" in found.said() and found.as_dict()["unseen"]


@pytest.mark.parametrize("field", ["state", "attempt", "at", "source", "message_id", "error", "lease_until", "whole"])
def test_an_odd_item_is_its_subscribers_problem(world: World, field: str) -> None:
    done_everywhere(world)
    item = world.items[record.key("mail", "e1")]
    if field == "whole":
        item[record.attribute("/shops/berlin")] = {"S": "x"}
    else:
        item[record.attribute("/shops/berlin")]["M"][field] = {"L": []}
    found = {each.task: each for each in world.where()}
    assert found["archive"].state == found["webhook"].state == DONE
    assert found["mail"].state in (UNKNOWN, DONE) and (
        found["mail"].state == UNKNOWN or field in ("message_id", "error", "lease_until")
    )


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e30", "-1e30", "x", ""])
@pytest.mark.parametrize("field", ["at", "first_at", "lease_until", "attempt", "expires_at"])
def test_an_odd_number_is_no_traceback(world: World, field: str, number: str) -> None:
    done_everywhere(world)
    item = world.items[record.key("mail", "e1")]
    (item if field == "expires_at" else item[record.attribute("/shops/berlin")]["M"])[field] = {"N": number}
    found = {each.task: each for each in world.where()}
    assert found["archive"].state == DONE
    assert (found["mail"].state == UNKNOWN) == (field in ("at", "attempt"))


def test_an_item_of_an_older_engine_is_done_or_at_work(world: World) -> None:
    for task, more in (("mail", {}), ("archive", {"lease_until": typed(world.clock() + 60)})):
        key = record.key(task, "e1")
        world.items[key] = {
            "task_event": typed(key),
            "claim": typed("c"),
            "expires_at": typed(world.clock() + 1e6),
            **more,
        }
    found = {each.task: each for each in world.where()}
    assert (found["mail"].state, found["mail"].said()) == (DONE, "done at a time that is not recorded")
    assert found["archive"].state == WORKING


def test_what_expired_is_no_record(world: World) -> None:
    world.put("mail", "done")
    world.items[record.key("mail", "e1")]["expires_at"] = typed(world.clock() - 1)
    assert world.at("mail").state == NOT_FOUND


def test_what_dynamodb_does_not_get_to_is_asked_again_and_then_said(world: World) -> None:
    done_everywhere(world)
    waits: list[float] = []
    world.dynamodb.unprocessed = [2, 1, 0]
    keys = [(task, "e1") for task in TASKS]
    assert len(records.read(world.aws, TABLE, keys, sleep=waits.append).of) == 3
    assert waits == [0.1, 0.2] and world.dynamodb.calls["BatchGetItem"] == 3
    world.dynamodb.unprocessed = [1] * 20
    found = records.read(world.aws, TABLE, keys, sleep=waits.append)
    assert found.unread == {("webhook", "e1")} and found.completeness.unseen == (
        f"1 record of the table {TABLE}: DynamoDB is busy",
    )


def test_a_record_that_was_not_read_is_no_absence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done_everywhere(world)
    monkeypatch.setattr(records, "_wait", lambda _: None)
    world.dynamodb.unprocessed = [1] * 20
    found = world.at("webhook")
    assert found.state == UNKNOWN and "DynamoDB is busy" in found.said()


def test_a_hundred_keys_a_request_and_no_key_that_is_too_long(world: World) -> None:
    keys = [("mail", f"e{n}") for n in range(250)] + [("mail", "e" * 3_000), ("mail", "\ud800")]
    assert records.read(world.aws, TABLE, keys).of == {}
    assert world.dynamodb.calls["BatchGetItem"] == 3


def test_whatever_one_subscriber_raises_is_its_own(world: World) -> None:
    done_everywhere(world, "mail")

    def broken(asked: Any) -> None:
        raise RuntimeError("a canary")

    world.logs.around = broken
    found = {each.task: each for each in world.where()}
    assert found["archive"].state == DONE and found["mail"].state == UNKNOWN
    assert found["mail"].problem == "it cannot be read: RuntimeError"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.sampled_from(["1", "nan", "inf", "1e999", "-1", "done", "working"]),
    lambda inner: (
        st.dictionaries(st.sampled_from(["S", "N", "M", "L", "x"]), inner, max_size=2) | st.lists(inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(max_examples=examples(120), deadline=None)
@given(
    st.sampled_from(
        [
            "state",
            "attempt",
            "at",
            "first_at",
            "source",
            "message_id",
            "error",
            "error_type",
            "lease_until",
            "dead_letter",
        ]
    ),
    VALUES,
    st.sampled_from(["done", "working", "failed", "dead"]),
)
def test_any_item_is_told_in_words(field: str, value: Any, state: str) -> None:
    world = World()
    world.put("mail", state, error_type="E", error="e")
    world.items[record.key("mail", "e1")][record.attribute("/shops/berlin")]["M"][field] = value
    shown = io.StringIO()
    Console(file=shown).print(render(world.where()))
    assert shown.getvalue().encode() and [each.as_dict() for each in world.where()]


@pytest.mark.parametrize(("state", "is_sure"), [("dead", True), ("failed", False)])
def test_what_others_wrote_since_makes_neither_many_calls_nor_a_dead_letter_unsure(
    world: World, state: str, is_sure: bool
) -> None:
    at = world.clock() - 10 * 86_400
    world.put("mail", state, at=at, first_at=at, attempt=5, error_type="E", error="503")
    world.logs.scanned = 10
    world.logs.write("mail", outcome("failed", "m-mail", 5, event_id="e1", error_type="E", error="503"), at=at)
    for minutes in range(500):
        world.logs.write("mail", outcome("done", "other", 1, event_id="other"), at=at + 7_200 + 60 * minutes)
    found = world.at("mail")
    assert (found.state, bool(found.completeness)) == (DEAD, is_sure)
    assert sum(each["logGroupName"] == "mail" for each in world.logs.requests) <= 8


def test_tasks_of_several_tables_are_each_asked_for_in_their_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where teams have subscribed from stacks of their own."""
    done_everywhere(world)
    asked: list[tuple[str, list[str]]] = []
    read = records.read

    def by_table(aws: Aws, table: str, keys: list[tuple[str, str]]) -> Any:
        asked.append((table, [task for task, _ in keys]))
        return read(aws, TABLE, keys)

    monkeypatch.setattr(records, "read", by_table)
    first, *others = world.stack.subscribers
    world.stack = replace(world.stack, subscribers=(replace(first, records_table="theirs"), *others))
    assert {each.state for each in world.where()} == {DONE}
    assert asked == [("theirs", [first.task]), (TABLE, [each.task for each in others])]


def test_an_attempt_under_way_when_the_first_question_ends_has_not_crashed(world: World) -> None:
    """Its record is behind by one attempt, and its outcome came after what the record's times say."""
    done_everywhere(world, "mail")
    at = world.clock() - 7_200
    world.put("mail", "failed", at=at, first_at=at, error_type="E", error="503")
    until = at + 900
    world.logs.write("mail", outcome("failed", "m-mail", 1, event_id="e1", error_type="E", error="503"), at=at)
    world.logs.write("mail", received({"m-mail": 2}, "r2"), at=until - 60)
    world.logs.write("mail", outcome("done", "m-mail", 2, event_id="e1", function_request_id="r2"), at=until + 60)
    world.logs.write("mail", report("r2"), at=until + 61)
    found = world.at("mail")
    assert (found.state, [each.kind for each in found.attempts]) == (DONE, ["failed", "done"])
