"""Questions to a log: pages as AWS gives them, a bound for each, and what was not read is said."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError, Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fanout.ops.aws import logs as asking
from fanout.ops.aws.logs import OUTCOMES, Reading, about, history, one_of
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.causes import UNDELIVERED, UNEXPLAINED, UNREAD, Explainer
from fanout.runtime import record
from tests.unit.ops.aws.dynamodb import Reads, typed
from tests.unit.ops.aws.logs import Logs, outcome, received, report
from tests.unit.ops.given import event, message

NOW = datetime(2026, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


class World:
    def __init__(self) -> None:
        self.logs = Logs(lambda: NOW.timestamp())
        self.aws: Any = type("Aws", (), {})()
        self.aws.logs = self.logs
        self.aws.functions = type("F", (), {"get_function_configuration": lambda self, **_: {}})()
        self.subscriber = DeployedSubscriber(self.aws, "Task", "task", "https://sqs/1/q", "https://sqs/1/dead", "fn")
        self.group = self.subscriber.log_group

    def read(self, pattern: str = OUTCOMES, **more: Any) -> Reading:
        return Reading(self.aws, self.group, pattern, NOW - HOUR, **more)


@pytest.fixture
def world() -> World:
    return World()


def test_many_causes_are_asked_for_side_by_side_and_no_more_than_the_log_takes(world: World) -> None:
    """As other commands ask as well: of 400 letters, 25 a question."""
    letters = [replace(message(event(number)), message_id=f"m{number}") for number in range(400)]
    barrier, now, most, lock = Barrier(asking.AT_ONCE), [0], [0], Lock()

    def around(asked: dict[str, Any]) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=0.2)
        with lock:
            now[0] -= 1

    world.logs.around = around
    with ThreadPoolExecutor(8) as pool:
        explainers = [pool.submit(Explainer(world.aws, world.subscriber).explain, letters) for _ in range(2)]
    assert all(len(each.result()) == 400 for each in explainers) and most == [asking.AT_ONCE]


def test_empty_pages_with_a_token_are_no_end(world: World) -> None:
    world.logs.empty_every = 2
    world.logs.page_events = 3
    world.logs.write(world.group, *(outcome("done", f"m{n}") for n in range(10)))
    reading = world.read()
    assert len(list(reading.outcomes())) == 10 and reading.completeness
    assert reading.pages > 4


@pytest.mark.long
def test_pages_end_at_a_megabyte_and_at_ten_thousand_lines(world: World) -> None:
    world.logs.write(world.group, *(outcome("done", f"m{n}") for n in range(11_000)))
    reading = world.read()
    assert len({each.message_id for each in reading.outcomes()}) == 11_000 and reading.completeness
    assert reading.pages >= 2


def test_a_full_page_without_a_token_is_not_all(world: World) -> None:
    """As an embedded AWS answers: the oldest 10,000, and no way to the rest."""
    page = {"events": [{"message": "x", "timestamp": 1, "eventId": str(n)} for n in range(10_000)]}
    world.aws.logs = type("L", (), {"filter_log_events": lambda self, **_: page})()
    reading = world.read()
    assert len(list(reading)) == 10_000 and not reading.completeness
    assert "a full page, and no way to the next one" in reading.completeness.unseen[0]


def test_more_pages_than_the_bound_are_said_with_the_time_that_was_reached(world: World) -> None:
    world.logs.page_events = 1
    for n in range(5):
        world.logs.write(world.group, outcome("done", f"m{n}"), at=NOW - timedelta(minutes=10 - n))
    reading = world.read(pages=3)
    assert len(list(reading)) == 3
    assert reading.completeness.unseen == (
        f"the log {world.group} after 2026-01-09 23:52:00 UTC: there is more than 3 pages of it",
    )


def test_a_log_that_nobody_iterated_was_not_read(world: World) -> None:
    assert not world.read().completeness


def test_a_group_that_nothing_was_written_to_is_empty(world: World) -> None:
    reading = world.read()
    assert list(reading) == [] and reading.completeness


def test_what_aws_refuses_is_raised(world: World) -> None:
    def throttled(asked: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "FilterLogEvents")

    world.logs.around = throttled
    with pytest.raises(ClientError):
        list(world.read())


@pytest.mark.parametrize("rate", [0, 1_000, 20_000])
def test_the_pages_of_a_question_by_id_do_not_grow_with_the_traffic_of_others(world: World, rate: int) -> None:
    """`rate`: lines of other messages within the hour."""
    world.logs.write(world.group, *(outcome("done", f"x{n}") for n in range(rate)), at=NOW - HOUR / 2)
    world.logs.write(world.group, received({"m1": 2}, "r1"), at=NOW - HOUR / 2)
    world.logs.write(world.group, outcome("failed", "m1", 1, error_type="E", error="no"), at=NOW - HOUR / 3)
    world.logs.write(world.group, report("r1", "timeout"), at=NOW - HOUR / 3)
    found = history(world.aws, world.group, ["m1"], NOW - HOUR, NOW)
    assert [(each.kind, each.attempt, each.error_type) for each in found.lines] == [
        ("crashed", 2, "FunctionTimedOut"),
        ("failed", 1, "E"),
    ]
    assert found.completeness and len(world.logs.requests) == 2
    assert all(each["filterPattern"] in ('"m1"', '"r1"') for each in world.logs.requests)


def test_about_one_word_only_its_own_outcomes_are_told(world: World) -> None:
    world.logs.write(
        world.group, outcome("done", "m1", event_id="e1"), outcome("failed", "m2", error="not e1", event_id="e2")
    )
    found, completeness = about(world.aws, world.group, "e1", NOW - HOUR)
    assert [each.message_id for each in found] == ["m1"] and completeness


def test_many_ids_are_asked_for_within_the_longest_pattern(world: World) -> None:
    ids = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(100)]
    world.logs.write(world.group, *(outcome("failed", each) for each in ids))
    found = history(world.aws, world.group, ids, NOW - HOUR)
    assert len(found.lines) == 100 and len(world.logs.requests) <= 5
    assert one_of(["a", 'b"c']) == '?"a" ?"b\\"c"' and one_of(["a"]) == '"a"'


@pytest.mark.parametrize(
    ("end", "error_type"),
    [
        (report("r1", "timeout"), "FunctionTimedOut"),
        (report("r1", "error"), "FunctionEnded"),
        ("REPORT RequestId: r1\tDuration: 3 ms\tStatus: timeout", "FunctionTimedOut"),
        ("nothing", "FunctionEnded"),
    ],
    ids=["timeout", "crash", "plain", "no report"],
)
def test_an_attempt_without_an_outcome_is_a_crash(world: World, end: Any, error_type: str) -> None:
    done = outcome("done", "m2", function_request_id="r1")
    world.logs.write(world.group, received({"m1": 2, "m2": 1}, "r1"), done, end, at=NOW - HOUR / 2)
    found = history(world.aws, world.group, ["m1", "m2"], NOW - HOUR)
    assert [(each.kind, each.attempt, each.error_type) for each in found.of["m1"]] == [("crashed", 2, error_type)]
    assert [each.kind for each in found.of["m2"]] == ["done"]


def test_an_attempt_that_is_still_at_work_is_no_crash(world: World) -> None:
    at = datetime.now(UTC)
    world.logs.clock = at.timestamp
    world.logs.write(world.group, received({"m1": 1}, "r1"), "no JSON", "{broken")
    assert history(world.aws, world.group, ["m1"], at - HOUR).of == {}


def test_no_crash_is_concluded_from_a_part_of_the_log(world: World) -> None:
    world.logs.page_events = 1
    world.logs.write(world.group, received({"m1": 1}, "r1"), at=NOW - HOUR / 2)
    world.logs.write(world.group, *(outcome("failed", "m1", n) for n in range(5)), at=NOW - HOUR / 3)
    found = history(world.aws, world.group, ["m1"], NOW - HOUR, pages=1)
    assert found.of == {} and not found.completeness


# ---- causes


def dead(**system: str) -> Any:
    return message(event(1), None, SentTimestamp=str(int((NOW - HOUR).timestamp() * 1000)), **system)


def by_sqs() -> Any:
    return dead(DeadLetterQueueSourceArn="q")


def test_a_cause_is_asked_for_by_the_message(world: World) -> None:
    world.logs.write(
        world.group,
        *(outcome("failed", f"o{n}", error_type="X", error="other") for n in range(3_000)),
        at=NOW - HOUR / 2,
    )
    world.logs.write(
        world.group, outcome("failed", "m1", 5, error_type="TransientError", error="503"), at=NOW - HOUR / 2
    )
    (cause,) = Explainer(world.aws, world.subscriber).explain([by_sqs()])
    assert str(cause) == "TransientError: 503" and len(world.logs.requests) == 1


def test_no_line_is_left_of_it_only_where_all_was_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = Explainer(world.aws, world.subscriber)
    assert explainer.explain([by_sqs()]) == [UNEXPLAINED]
    assert explainer.explain([dead()]) == [UNDELIVERED]
    world.logs.write(world.group, "x")
    world.logs.empty_every = 1
    assert explainer.explain([by_sqs()]) == [UNREAD] == explainer.explain([dead()])


@pytest.mark.parametrize(("of", "told"), [("m1", "TransientError: 503"), ("a redriven one", None)])
def test_a_cause_is_in_the_events_record_where_it_is_of_this_message(world: World, of: str, told: str | None) -> None:
    fields = {"source": "/s", "state": "failed", "message_id": of, "error_type": "TransientError", "error": "503"}
    key = record.key("task", event(1)["id"])
    item = {"task_event": typed(key), record.attribute("/s"): typed({**fields, "attempt": 5, "at": NOW.timestamp()})}
    world.aws.dynamodb = Reads({key: item}, NOW.timestamp)
    subscriber = replace(world.subscriber, records_table="records")
    (cause,) = Explainer(world.aws, subscriber).explain([by_sqs()])
    assert str(cause) == (told or str(UNEXPLAINED)) and bool(world.logs.requests) is (told is None)


def test_trouble_that_passes_ends_nothing_and_a_missing_right_is_told(world: World) -> None:
    codes = iter(["ThrottlingException", "AccessDeniedException"])

    def refuse(asked: Any) -> None:
        raise ClientError({"Error": {"Code": next(codes)}}, "FilterLogEvents")

    world.logs.around = refuse
    explainer = Explainer(world.aws, world.subscriber)
    assert explainer.explain([by_sqs()]) == [UNREAD]
    with pytest.raises(ClientError):
        explainer.explain([by_sqs()])


def test_the_bounds_are_what_the_documentation_says() -> None:
    assert (asking.FULL_PAGE, asking.LONGEST_PATTERN, asking.FEW_PAGES) == (10_000, 1_024, 10)
