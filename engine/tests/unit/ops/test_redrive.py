"""Sent, written down, deleted: in this order, whatever happens in between."""

import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.aws.session import Aws
from fanout.ops.dead_letters.browse import browse
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.mover import MessageMover
from fanout.ops.redrive.runner import Plan, RedriveRun
from tests.unit.ops.fake_sqs import FakeSqs


def subscriber(sqs: FakeSqs) -> DeployedSubscriber:
    logs = SimpleNamespace(filter_log_events=lambda **_: {"events": []})
    functions = SimpleNamespace(get_function_configuration=lambda **_: {})
    aws = cast(Aws, SimpleNamespace(sqs=sqs, logs=logs, functions=functions))
    return DeployedSubscriber(aws, "Task", "task", "https://sqs/1/queue", "https://sqs/1/dead", "function")


def journal(folder: Path) -> Journal:
    return Journal(folder / "journal.jsonl", "arn:aws:iam::1:user/me", "dead redrive", "me@here")


def redrive_all(sqs: FakeSqs, folder: Path, stop: Stop | None = None) -> RedriveRun:
    plan = Plan(Selection(), canary=False, rate=1e9, patience=0.0)
    redriving = RedriveRun(subscriber(sqs), journal(folder), plan, lambda *_: None, stop or Stop())
    redriving.run()
    return redriving


def test_every_message_goes_once_in_constant_memory_and_few_calls(tmp_path: Path) -> None:
    sqs = FakeSqs(1_000)
    tracemalloc.start()
    redrive_all(sqs, tmp_path)
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(sqs.sent) == 1_000 and set(sqs.sent.values()) == {1}
    assert not sqs.dead and not sqs.held
    assert sqs.calls["send"] == sqs.calls["delete"] == 100 and sqs.calls["receive"] <= 103
    assert grown < 4_000_000


def test_killed_between_sending_and_writing_it_down_the_event_may_come_twice_and_is_said(tmp_path: Path) -> None:
    sqs = FakeSqs(30)
    sqs.die_after_send = 2
    with pytest.raises(KeyboardInterrupt):
        redrive_all(sqs, tmp_path)
    sqs.come_back()
    tally = redrive_all(sqs, tmp_path).mover.tally
    assert len(sqs.sent) == 30 and not sqs.dead and not sqs.held
    assert sorted(sqs.sent.values()) == [1] * 20 + [2] * 10
    assert tally.maybe_twice == 10


def test_killed_between_writing_it_down_and_deleting_nothing_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = FakeSqs(30)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(MessageMover, "_delete", die)
        redrive_all(sqs, tmp_path)
    sqs.come_back()
    tally = redrive_all(sqs, tmp_path).mover.tally
    assert set(sqs.sent.values()) == {1} and len(sqs.sent) == 30
    assert (tally.finished, tally.sent, tally.maybe_twice) == (10, 20, 0)


def test_what_sqs_refuses_stays_a_dead_letter(tmp_path: Path) -> None:
    sqs = FakeSqs(12)
    sqs.refuse = {"e3"}
    moving = MessageMover(subscriber(sqs), journal(tmp_path))
    with browse(moving.subscriber.aws, "dead") as browsing:
        for page in browsing.pages():
            moving.move(page, browsing)
    assert moving.tally.sent == 11 and moving.tally.refused == ["m3: Refused: "]
    assert [each[0] for each in sqs.dead] == ["m3"]


def test_nothing_is_sent_after_somebody_else_may_see_it(tmp_path: Path) -> None:
    sqs = FakeSqs(1, lease_ends=False)
    moving = MessageMover(subscriber(sqs), journal(tmp_path))
    with browse(moving.subscriber.aws, "dead", visibility=0) as browsing:
        messages = browsing._receive(10, 0)
        moving.move(messages, browsing)
    assert not sqs.sent and moving.tally.late == 1


def test_asked_to_stop_it_finishes_what_was_begun(tmp_path: Path) -> None:
    sqs, stop = FakeSqs(100), Stop()
    redriving = RedriveRun(
        subscriber(sqs), journal(tmp_path), Plan(Selection(), canary=False, rate=1e9), lambda *_: None, stop
    )
    stop.asked = True
    result = redriving.run()
    assert result.stopped is not None and "run it again" in result.stopped
    assert len(sqs.dead) + len(sqs.sent) == 100 and not sqs.held


def test_what_dies_again_at_once_is_not_sent_round_and_round(tmp_path: Path) -> None:
    sqs = FakeSqs(20)
    sqs.die_again = {"e3"}
    redrive_all(sqs, tmp_path)
    assert len(sqs.sent) == 20 and set(sqs.sent.values()) == {1}
    assert [each[0] for each in sqs.dead] == ["again-e3"] and not sqs.held
