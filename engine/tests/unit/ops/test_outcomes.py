"""What becomes of messages that a redrive sent: by records or by ids, by AWS's clock, and a look that fails ends nothing."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.redrive.outcomes import LOG_EVERY, MOST_WATCHED, OutcomeWatcher
from fanout.runtime import record
from tests.unit.ops.aws.dynamodb import Reads, refused, typed
from tests.unit.ops.aws.logs import Logs, outcome, received, report
from tests.unit.ops.aws.sqs import Clock

TABLE = "records"


class World:
    """AWS's clock stands still at its own time, which need not be this machine's."""

    def __init__(self, table: str | None = TABLE) -> None:
        self.clock = Clock()
        self.logs, self.items = Logs(self.clock), dict[str, Any]()
        self.dynamodb = Reads(self.items, self.clock)
        aws: Any = SimpleNamespace(
            logs=self.logs,
            dynamodb=self.dynamodb,
            sqs=SimpleNamespace(get_queue_attributes=self._attributes),
            functions=SimpleNamespace(get_function_configuration=lambda **_: {}),
        )
        self.subscriber = DeployedSubscriber(aws, "Task", "task", "https://1/q", "https://1/d", "f", table)
        self.group = "/aws/lambda/f"

    def _attributes(self, **_: Any) -> dict[str, Any]:
        date = format_datetime(datetime.fromtimestamp(self.clock(), UTC), usegmt=True)
        return {"Attributes": {}, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    def put(self, event_id: str, state: str, message_id: str, **more: Any) -> None:
        told = {"source": "/s", "state": state, "attempt": 1, "message_id": message_id, "at": self.clock(), **more}
        key = record.key("task", event_id)
        self.items[key] = {"task_event": typed(key), record.attribute("/s"): typed(told)}

    def watch(self, *messages: tuple[str, str | None]) -> OutcomeWatcher:
        watcher = OutcomeWatcher(self.subscriber)
        for message_id, event_id in messages:
            watcher.watch(message_id, event_id)
        return watcher


@pytest.fixture
def world() -> World:
    return World()


def test_while_records_tell_of_every_message_no_log_is_asked(world: World) -> None:
    watcher = world.watch(("m1", "e1"), ("m2", "e2"), ("m3", "e3"))
    world.put("e1", "done", "m1")
    world.put("e2", "failed", "m2", error_type="TransientError", error="503")
    world.put("e3", "failed", "m3", error_type="TransientError", error="504")
    for _ in range(3 * LOG_EVERY):
        watcher.poll()
    assert (watcher.done, watcher.pending, watcher.waiting) == (1, 0, 2)
    assert [each.error for each in watcher.failed] == ["503", "504"] and not world.logs.requests
    world.put("e2", "done", "m2")
    world.put("e3", "dead", "m3", error_type="E", error="again")
    watcher.poll()
    assert (watcher.done, watcher.waiting) == (2, 0) and [each.error for each in watcher.failed] == ["again"]
    assert not world.logs.requests


OUT_OF_TIME = outcome("failed", "m1", event_id="e1", error_type="OutOfTime", error="not finished")
UNCLAIMED = outcome("dead", "m1", event_id="e1", error_type="ContractViolation", error="its claim check is gone")


@pytest.mark.parametrize(
    ("lines", "recorded", "failed", "done"),
    [
        ([received({"m1": 1}, "r-m1-1"), OUT_OF_TIME], "working", ["OutOfTime"], 0),
        ([received({"m1": 1}, "r-m1-1"), report("r-m1-1", "error")], "working", ["FunctionEnded"], 0),
        ([outcome("done", "m1", event_id="e1")], "working", [], 1),
        ([UNCLAIMED], "dead", ["ContractViolation"], 0),
        ([UNCLAIMED], "failed", ["ContractViolation"], 0),
    ],
    ids=["hangs", "crashes", "is done, not recorded", "not claimed, dead before", "not claimed, failed before"],
)
def test_an_end_that_no_record_tells_is_seen_in_the_log_in_a_few_calls(
    world: World, lines: list[dict[str, Any]], recorded: str, failed: list[str], done: int
) -> None:
    """The record says that the attempt began, or tells of the message before."""
    more = {} if recorded == "working" else {"at": world.clock() - 86_400, "error": "of yesterday"}
    world.put("e1", recorded, "m1" if recorded == "working" else "old", **more)
    watcher = world.watch(("m1", "e1"))
    world.logs.write(world.group, *lines)
    for _ in range(2 * LOG_EVERY):
        watcher.poll()
    assert ([each.error_type for each in watcher.failed], watcher.done, watcher.pending) == (failed, done, 0)
    assert 1 <= len(world.logs.requests) <= 4


def test_an_event_that_was_done_long_ago_is_no_outcome_of_this_message(world: World) -> None:
    world.put("e1", "done", "old", at=world.clock() - 3_600)
    watcher = world.watch(("m1", "e1"))
    watcher.poll()
    assert (watcher.done, watcher.pending) == (0, 1)
    world.logs.write(world.group, outcome("duplicate", "m1", event_id="e1"))
    watcher.poll()
    assert (watcher.done, watcher.pending) == (1, 0)


@pytest.mark.parametrize("many", [1, 60, 500])
def test_without_records_the_log_is_asked(world: World, many: int) -> None:
    old = World(table=None)
    watcher = old.watch(*((f"m{n}", None) for n in range(many)))
    old.logs.write(old.group, *(outcome("done", f"x{n}") for n in range(2_000)))
    old.logs.write(old.group, *(outcome("done", f"m{n}") for n in range(many)))
    watcher.poll()
    assert (watcher.done, watcher.pending) == (many, 0) and len(old.logs.requests) <= 5


@pytest.mark.parametrize("wrong", [timedelta(minutes=1), timedelta(hours=2), -timedelta(hours=2)])
def test_an_operators_clock_may_be_wrong(wrong: timedelta) -> None:
    """The log is asked since AWS's time, whatever this machine's is."""
    old = World(table=None)
    old.clock.time = (datetime.now(UTC) - wrong).timestamp()
    watcher = old.watch(("m1", None))
    old.logs.write(old.group, outcome("done", "m1"))
    watcher.poll()
    assert watcher.done == 1


def test_a_line_that_can_be_read_late_is_seen(world: World) -> None:
    world.logs.delay = 40.0
    watcher = world.watch(("m1", None))
    world.logs.write(world.group, outcome("done", "m1"))
    watcher.poll()
    assert watcher.pending == 1
    world.clock.wait(60)
    watcher.poll()
    assert watcher.done == 1


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "FilterLogEvents"),
        ReadTimeoutError(endpoint_url="https://logs"),
    ],
)
def test_a_look_that_fails_has_seen_nothing_and_ends_nothing(world: World, error: Exception) -> None:
    def broken(_: Any) -> None:
        raise error

    world.logs.around = broken
    watcher = world.watch(("m1", None))
    watcher.poll()
    assert watcher.pending == 1 and watcher.completeness.unseen[0].startswith("outcomes of task: ")
    world.logs.around = lambda _: None
    world.logs.write(world.group, outcome("done", "m1"))
    watcher.poll()
    assert watcher.done == 1 and watcher.completeness


def test_who_may_not_read_the_table_reads_the_log(world: World) -> None:
    def denied(operation: str) -> None:
        raise refused(operation, "AccessDeniedException")

    world.dynamodb.around = denied
    world.logs.write(world.group, outcome("done", "m1", event_id="e1"))
    watcher = world.watch(("m1", "e1"))
    watcher.poll()
    assert watcher.done == 1


def test_a_bounded_number_is_watched(world: World) -> None:
    watcher = world.watch(*((f"m{n}", f"e{n}") for n in range(MOST_WATCHED + 5)))
    assert (watcher.waiting, watcher.unwatched) == (MOST_WATCHED, 5)
