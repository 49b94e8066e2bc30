"""A log is read on from where it ended, and what came late is read too."""

from types import SimpleNamespace
from typing import Any, cast

from fanout.local.evidence import LATE, Evidence


class Log:
    """CloudWatch Logs with one group: pages of two."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.read = 0

    def write(self, at: int, text: str) -> None:
        event = {"timestamp": at, "message": text, "eventId": f"{at}-{text}", "logStreamName": "a"}
        self.events = sorted([*self.events, event], key=lambda each: int(each["timestamp"]))

    def get_paginator(self, name: str) -> "Log":
        assert name == "filter_log_events"
        return self

    def paginate(self, logGroupName: str, startTime: int) -> list[dict[str, Any]]:
        found = [each for each in self.events if each["timestamp"] >= startTime]
        self.read += len(found)
        return [{"events": found[start : start + 2]} for start in range(0, len(found), 2)]


def given() -> tuple[Log, Evidence]:
    log = Log()
    stack = SimpleNamespace(subscriber=lambda task: SimpleNamespace(log_group=f"/{task}" if task != "worker" else ""))
    evidence = Evidence(cast(Any, None), cast(Any, None), cast(Any, stack))
    evidence.__dict__["_logs"] = log
    return log, evidence


def said(evidence: Evidence) -> list[Any]:
    return [line["n"] for line in evidence.logs("a_task")]


def test_every_line_is_there_once_however_often_it_is_asked_for() -> None:
    log, evidence = given()
    assert said(evidence) == []
    for number in range(5):
        log.write(number * LATE, f'{{"n":{number}}}')
        log.write(number * LATE, f'{{"n":{number}}}')
        assert said(evidence) == said(evidence) == [each for each in range(number + 1) for _ in range(2)]


def test_what_is_late_is_found_and_what_is_old_is_not_read_again() -> None:
    log, evidence = given()
    log.write(0, '{"n":0}')
    log.write(9 * LATE, '{"n":2}')
    assert said(evidence) == [0, 2]
    log.write(9 * LATE - LATE, '{"n":1}')
    log.read = 0
    assert said(evidence) == [0, 1, 2]
    assert log.read == 2


def test_a_task_without_a_log_group_said_nothing() -> None:
    assert given()[1].logs("worker") == []
