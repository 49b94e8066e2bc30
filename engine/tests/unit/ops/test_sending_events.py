"""What `fanout send` takes, what it refuses before anything is published, and what it waits for."""

import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.cli import aws_command
from fanout.cli import send as command
from fanout.contracts.app import app_contracts
from fanout.contracts.contract import load
from fanout.errors import Unusable
from fanout.ops.interrupt import Stop
from fanout.ops.send.event import Progress, read_events
from fanout.ops.timeline.state import DONE, NOT_FOUND, RETRYING
from fanout.publisher import checked_event
from tests.unit.contracts.given import FORMS, ORDERS, put
from tests.unit.fanout import Run
from tests.unit.ops.aws.dynamodb import refused
from tests.unit.ops.aws.logs import Logs, outcome
from tests.unit.ops.replay.given import World, world

__all__ = ["world"]

ONE = json.loads(next(iter(app_contracts().valid.values())))


def test_a_file_is_one_event_an_array_or_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events"
    for text, count in (
        (json.dumps(ONE, indent=1), 1),
        (json.dumps([ONE, ONE]), 2),
        (f"{json.dumps(ONE)}\n\n{json.dumps(ONE)}\n", 2),
        (f"\ufeff{json.dumps(ONE)}", 1),
    ):
        path.write_text(text)
        assert [each.id for each in read_events(str(path), example=False, count=1)] == [ONE["id"]] * count
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(ONE)))
    assert read_events("-", example=False, count=1)[0].id == ONE["id"]


def test_copies_and_examples_have_ids_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(ONE))
    assert len({each.id for each in read_events(str(path), example=False, count=5)}) == 5
    assert len({each.id for each in read_events(None, example=True, count=5)}) == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [("{", "line 1: neither JSON nor JSON Lines"), ("", "has no event"), (app_contracts().invalid["missing_id"], "event must contain")],
)  # fmt: skip
def test_what_cannot_be_sent_is_one_line(text: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(text)
    with pytest.raises(Unusable, match=line):
        read_events(str(path), example=False, count=1)


@pytest.mark.parametrize(
    ("source", "example", "count", "line"),
    [
        (None, False, 1, "which event"),
        ("x", True, 1, "which event"),
        (None, True, 0, "expected 1 to 10000"),
        ("/nowhere/event.json", False, 1, "cannot be read: No such file"),
    ],
)
def test_what_makes_no_sense_is_one_line(source: str | None, example: bool, count: int, line: str) -> None:
    with pytest.raises(Unusable, match=line):
        read_events(source, example=example, count=count)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_a_line_of_json_lines_ends_at_a_line_feed_alone(separator: str, tmp_path: Path) -> None:
    """The publisher writes such a separator as it is."""
    sent = checked_event({**ONE, "data": {**ONE["data"], "items": {"said": f"one{separator}two"}}}).body
    path = tmp_path / "events"
    path.write_bytes(f"{sent}\r\n\n{sent}\n".encode())
    read = read_events(str(path), example=False, count=1)
    assert [json.loads(each.body)["data"]["items"]["said"] for each in read] == [f"one{separator}two"] * 2


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("5", "event 1 of 1: an event is a JSON object, and this is a number"),
        ('"x"', "event 1 of 1: an event is a JSON object, and this is a string"),
        ("null", "event 1 of 1: an event is a JSON object, and this is null"),
        ("[[]]", "event 1 of 1: an event is a JSON object, and this is an array"),
        (f"{json.dumps(ONE)}\ntrue\n", "line 2: an event is a JSON object, and this is a truth value"),
        (f"[{json.dumps(ONE)}, 1.5]", "event 2 of 2: an event is a JSON object, and this is a number"),
        ("[" * 100_000, "line 1: neither JSON nor JSON Lines"),
    ],
    ids=["number", "string", "null", "array", "line", "second", "deep"],
)
def test_what_is_no_object_is_one_line_with_its_place(text: str, line: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(text)
    with pytest.raises(Unusable) as caught:
        read_events(str(path), example=False, count=count)
    assert str(caught.value) == f"{path}, {line}"


def test_the_examples_mail_goes_to_a_mailbox_without_a_reader() -> None:
    """On AWS it is sent: https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html"""
    event = json.loads(read_events(None, example=True, count=1)[0].body)
    assert event["data"]["customer"]["email"] == "success@simulator.amazonses.com"


def test_an_example_is_of_the_type_that_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples" / "valid").mkdir(parents=True)
    put(tmp_path, ORDERS["order.placed.v1"].schema, FORMS["form.submitted.v1"].schema)
    for number, each in enumerate((ORDERS, FORMS)):
        text = next(iter(each.valid.values()))
        (tmp_path / "examples" / "valid" / f"{number}.json").write_text(text)
    monkeypatch.setattr("fanout.ops.send.event.app_contracts", lambda: load(tmp_path))
    types = ("form.submitted.v1", "order.placed.v1")
    for type_ in types:
        (event,) = read_events(None, example=True, count=1, type_=type_)
        assert json.loads(event.body)["type"] == type_
    with pytest.raises(
        Unusable, match=r"^--type order.paid.v1 has no schema in contracts/: it has order.placed.v1, form"
    ):
        read_events(None, example=True, count=1, type_="order.paid.v1")
    with pytest.raises(Unusable, match=r"^--type form.submitted.v1 says which example: add --example"):
        read_events("-", example=False, count=1, type_="form.submitted.v1")
    (tmp_path / "examples" / "valid" / "1.json").unlink()
    with pytest.raises(Unusable, match=r"^contracts/examples/valid has no event of form.submitted.v1: add one"):
        read_events(None, example=True, count=1, type_="form.submitted.v1")


@pytest.mark.parametrize("state", ["done", "dead"])
def test_what_became_of_an_event_before_is_not_what_becomes_of_it_now(world: World, state: str) -> None:
    at = datetime.fromtimestamp(world.clock(), UTC)
    cast(Any, world.aws).logs = Logs()
    progress = Progress(world.subscriber, {"e1": NOT_FOUND})
    world.record(1, state, at=at - timedelta(days=1))
    progress.look(at)
    assert not progress.is_over and progress.count(NOT_FOUND) == 1
    world.record(1, state, at=at)
    progress.look(at)
    assert (progress.is_over, progress.is_well) == (True, state == "done")


def test_an_attempt_whose_end_was_not_recorded_is_told_by_the_log(world: World) -> None:
    """Its record tells no more than that it began; another event, which is done, is not told again by its own old line."""
    at, aws = datetime.fromtimestamp(world.clock(), UTC), cast(Any, world.aws)
    aws.logs = Logs(world.clock)
    progress = Progress(world.subscriber, {"e1": NOT_FOUND, "e2": NOT_FOUND})
    failed = [outcome("failed", f"m{n}", event_id=f"e{n}", error_type="TransientError", error="503") for n in (1, 2)]
    aws.logs.write(world.subscriber.log_group, *failed)
    world.record(1, "failed", at=at)
    world.record(2, "done", at=at)
    progress.look(at)
    assert progress.states == {"e1": RETRYING, "e2": DONE} and not aws.logs.requests
    world.record(1, "working", at=at)
    progress.look(at)
    assert progress.states == {"e1": RETRYING, "e2": DONE}
    aws.logs.write(world.subscriber.log_group, outcome("done", "m1", attempt=2, event_id="e1"))
    progress.look(at)
    assert progress.is_well


def test_a_look_that_aws_refuses_is_said_and_does_not_end_the_wait_for_what_was_published(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusals = 1

    def around(operation: str) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise refused(operation, "ThrottlingException")

    sent: Any = SimpleNamespace(id="e1", attributes={}, body="{}")
    world.record(1, "done", at=datetime.now(UTC))
    world.dynamodb.around = around
    cast(Any, world.aws).logs = Logs()
    stack: Any = SimpleNamespace(
        name="S", topic_arn="arn:aws:sns:r:1:t", subscribers=(world.subscriber,), unseen=(), of_topic=lambda _: stack
    )
    monkeypatch.setattr(aws_command, "find", lambda *_: stack)
    monkeypatch.setattr(command, "read_events", lambda *_, **__: [sent])
    monkeypatch.setattr(command, "publish_written", lambda *_: None)
    monkeypatch.setattr(Stop, "sleep", lambda *_: None)
    monkeypatch.setattr("fanout.ops.send.event.time", SimpleNamespace(monotonic=itertools.count().__next__))
    run = Run(monkeypatch, capsys, "send", "--example", "--wait", "--yes", "--stack", "S", "--region", "eu-west-1")
    busy = "AWS is busy (ThrottlingException on BatchGetItem"
    assert run() == 0 and f"1 not found (not read: {busy}" in run.out and run.out.endswith("task: 1 done\n")
    refusals = 1_000
    assert run("--patience", "1", "--json") == 1
    told = run.json()
    assert told["published"] == ["e1"] and told["tasks"][0]["unread"].startswith(busy)
