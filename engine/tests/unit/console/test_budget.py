"""Calls are counted where they leave, bounded for whatever looks, and do not grow with tabs."""

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from fanout.console import budget as module
from fanout.console.budget import Budget
from fanout.console.collector import EVERY, Collector
from fanout.console.shared import Shared
from fanout.errors import OpsError
from tests.unit.console.given import stack


def session() -> boto3.Session:
    return boto3.Session("k", "s", region_name="eu-west-1")


def answered(**_: object) -> Any:
    """Instead of AWS."""

    class Raw:
        def stream(self, *_: object, **__: object) -> "list[bytes]":
            return [b"{}"]

        def read(self, *_: object, **__: object) -> bytes:
            return b"{}"

    return AWSResponse("https://aws", 200, HTTPHeaders(), Raw())


def test_each_request_is_counted_and_the_limit_holds_for_what_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    budget, looking, acting = Budget(limit=2), session(), session()
    budget.attach(looking)
    budget.attach(acting, acts=True)
    for each in (looking, acting):
        each.events.register_last("before-send", answered)
    sqs = looking.client("sqs")
    for _ in range(2):
        sqs.list_queues()
    assert budget.used == 2
    with pytest.raises(OpsError, match="its 2 calls of AWS for this minute"):
        sqs.list_queues()
    acting.client("sqs").list_queues()
    assert budget.used == 3


def test_the_calls_of_a_long_look_hold_no_page_back() -> None:
    budget = Budget(limit=2)
    for _ in range(5_000):
        budget._count()
    assert budget._took() and (budget.looks, budget.used) == (1, 5_001)


def test_what_is_older_than_a_minute_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    budget = Budget(limit=1)
    budget._count()
    assert budget.used == 1
    now[0] += 61
    assert budget.used == 0 and budget._took()


def test_a_look_that_costs_much_is_made_less_often() -> None:
    collector = Collector(lambda: stack(["task"]), Budget(limit=1_200))
    assert collector._pause(10) == EVERY
    assert collector._pause(280) == pytest.approx(35)  # forty subscribers


def test_many_who_ask_at_once_are_answered_by_one() -> None:
    shared, asked, gate = Shared(), [0], threading.Event()

    def ask() -> int:
        asked[0] += 1
        gate.wait(5)
        return asked[0]

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(shared.get("key", 60, ask))) for _ in range(8)]
    for each in threads:
        each.start()
    gate.set()
    for each in threads:
        each.join(5)
    assert found == [1] * 8


def test_what_is_raised_is_not_kept() -> None:
    shared = Shared()
    with pytest.raises(ZeroDivisionError):
        shared.get("key", 60, lambda: 1 // 0)
    assert shared.get("key", 60, lambda: 2) == 2
