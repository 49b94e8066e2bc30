"""A stack with an archive, one replayable task, and its records, in memory."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout import names
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import COMPLETE
from fanout.ops.interrupt import Stop
from fanout.ops.replay.archive import Archive
from fanout.ops.replay.estimate import Estimate
from fanout.ops.replay.replay import Replay, planned
from fanout.ops.replay.runner import Pace, ReplayRun, Result
from fanout.ops.replay.selection import Selection
from fanout.runtime import record
from tests.unit.ops.aws.dynamodb import Reads, typed
from tests.unit.ops.aws.s3 import S3
from tests.unit.ops.aws.sqs import Clock, Sqs
from tests.unit.ops.given import DEAD, QUEUE, event

BUCKET = "orders-archive"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Outcomes:
    """Every message is done as soon as somebody looks; `judge` may say failed, or None."""

    def __init__(self, judge: Callable[[int], str | None] = lambda _: "done") -> None:
        self.judge, self.count, self.done, self.unwatched = judge, 0, 0, 0
        self.unknown: dict[str, int] = {}
        self.failed: list[Any] = []
        self.completeness = COMPLETE

    def watch(self, message_id: str, event_id: str | None) -> None:
        self.count += 1
        self.unknown[message_id] = self.count

    @property
    def pending(self) -> int:
        return len(self.unknown)

    def poll(self) -> None:
        for id_, number in list(self.unknown.items()):
            if outcome := self.judge(number):
                del self.unknown[id_]
                self.done += outcome == "done"
                if outcome == "failed":
                    self.failed.append(SimpleNamespace(error_type="TransientError", error="it answered 503"))


class World:
    """`events` archived one an hour from 2026-01-01 on, under their days."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, *, fifo: bool = False) -> None:
        self.clock = Clock()
        self.clock.time = NOW.timestamp()
        self.sqs, self.s3 = Sqs(self.clock), S3(self.clock)
        self.items: dict[str, dict[str, Any]] = {}
        self.dynamodb = Reads(self.items, self.clock)
        monkeypatch.setenv(names.HOME, str(folder))
        suffix = ".fifo" if fifo else ""
        self.queue, self.dead = QUEUE + suffix, DEAD + suffix
        self.variables = {names.COMPLETED_SECONDS: str(60 * 86_400)}
        self.tags = {names.REPLAYABLE_TAG: "true"}
        self.sqs.queue(self.queue).more = {"CreatedTimestamp": "1700000000", "MessageRetentionPeriod": "345600"}
        filler = {"Environment": {"Variables": {"ARCHIVE_BUCKET": BUCKET}}}
        functions = SimpleNamespace(
            get_function_configuration=lambda FunctionName: (
                filler if FunctionName == "filler" else {"Environment": {"Variables": self.variables}}
            )
        )
        cast(Any, self.sqs).list_queue_tags = lambda **_: {"Tags": dict(self.tags)}
        self.aws = cast(
            Aws,
            SimpleNamespace(
                sqs=self.sqs,
                s3=self.s3,
                dynamodb=self.dynamodb,
                caller="arn:aws:iam::123456789012:user/me",
                functions=functions,
            ),
        )
        self.subscriber = DeployedSubscriber(
            self.aws, "Task", "task", self.queue, self.dead, "function", "table", has_backfill=True
        )
        self.filler = DeployedSubscriber(self.aws, "Filler", "filler", "https://sqs/1/f", "https://sqs/1/fd", "filler")
        arn = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Orders-prod/1"
        outputs = {names.ARCHIVE_BUCKET_OUTPUT: BUCKET}
        self.stack = Stack(self.aws, "Orders-prod", arn, "CREATE_COMPLETE", outputs, (self.subscriber, self.filler))
        self.outcomes = Outcomes()
        self.told: list[str] = []
        self.stop = Stop()
        monkeypatch.setattr("fanout.ops.replay.runner.OutcomeWatcher", lambda _: self.outcomes)
        monkeypatch.setattr("fanout.ops.replay.runner.lanes_for", lambda _: 1)  # in order
        monkeypatch.setattr("fanout.ops.replay.checking.read_subscriptions", lambda _: [])

    def archive(self, number: int, *, at: datetime | None = None, key: str | None = None, **more: Any) -> str:
        """An event of hour `number` of the year, archived a minute later; its key."""
        time = at or datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        made = event(number, **{"time": time.isoformat(), **more})
        shop = made["data"]["shop_id"]
        name = key or f"{names.ARCHIVE_PREFIX}/{time:%Y/%m/%d}/{shop}/{made['id']}/{number:032x}.json"
        self.s3.put(name, json.dumps(made), time + timedelta(minutes=1))
        return name

    def record(self, number: int | str, state: str, *, at: datetime = NOW, source: str = "/shops/berlin") -> None:
        """What the table says of an event at the task."""
        fields = {"source": source, "state": state, "attempt": 1, "at": at.timestamp(), "message_id": "m"}
        key = record.key("task", f"e{number}")
        self.items[key] = {
            names.RECORD_KEY: {"S": key},
            names.RECORD_EXPIRES: typed(int(NOW.timestamp()) + 86_400),
            record.attribute(source): typed(fields),
        }

    def plan(self, since: str = "2026-01-01", until: str | None = None, *, fresh: bool = False, **more: Any) -> Any:
        """As the command makes it; a context manager."""
        options: dict[str, Any] = {"group": None, "types": [], "missing": False, "again": False, "reason": None, **more}
        return planned(
            self.stack,
            self.subscriber,
            Archive.of(self.stack, None),
            {**options, "from": since, "to": until},
            lambda now: Selection.from_options(since, until, now, **options),
            fresh=fresh,
        )

    def count(self, made: Replay, rate: float = 50.0) -> Estimate:
        found = made.count(self.stack, rate, lambda *_: None, self.stop)
        assert found is not None
        return found

    def estimate(self, since: str = "2026-01-01", until: str | None = None, **more: Any) -> Estimate:
        with self.plan(since, until, fresh=True, **more) as made:
            return self.count(made)

    def replay(self, since: str = "2026-01-01", until: str | None = None, **more: Any) -> Result:
        pace = more.pop("pace", {})
        with self.plan(since, until, **more) as made:
            self.count(made)
            again = made.began.timestamp() if made.selection.again else None
            told = Pace(**{"rate": 1e9, "patience": 0.0, "again_from": again, **pace})
            return ReplayRun(made, told, lambda line, *_: self.told.append(line), self.stop).run()

    def sent(self) -> list[str]:
        """Ids of the events in the task's own queue, in the order in which they were sent."""
        return [json.loads(each)["id"] for each in self.sqs.bodies(self.queue)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path)


@pytest.fixture
def fifo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path, fifo=True)
