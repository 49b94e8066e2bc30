"""The picture: the topic, its subscribers, and what moves."""

from collections.abc import Sequence
from typing import Any

from fanout.console.collector import Outcome
from fanout.console.console import Console
from fanout.console.live.lanes import Lane, lanes
from fanout.console.live.task import routes as task
from fanout.console.page import Answer, Asked, Page, Route
from fanout.ops.status.report import Report

AT_ONCE = 1.5
"""Seconds that a page waits for the first look."""
SHOWN = 10
DENSE = 9
"""From so many subscribers on, each has one line."""


def routes(console: Console) -> Sequence[Route]:
    def show(_: Asked) -> Answer:
        console.collector.watch(AT_ONCE)
        return Page("live.html", _facts(console), refresh=1.0)

    return (Route("/", show), *task(console))


def _facts(console: Console) -> dict[str, Any]:
    collector = console.collector
    report, outcomes = collector.state, collector.outcomes()
    found = lanes(report, collector.counts.lately()) if report else []
    return {
        "report": report,
        "lanes": found,
        "is_dense": len(found) >= DENSE,
        "totals": _totals(found),
        "trouble": _trouble(report),
        "outcomes": outcomes[:SHOWN],
        "moving": _moving(outcomes),
        "problem": collector.problem,
        "unread": collector.unread,
        "is_late": collector.is_late,
        "topics": [_short(arn.rpartition(":")[2], console.stack.name) for arn in console.stack.topics.values()],
        "commands": [f"fanout status {console.target} --watch", f"fanout tail {console.target}"],
    }


def _short(topic: str, stack: str) -> str:
    """Without the name of the stack, which stands above."""
    return topic.removeprefix(f"{stack}-")


def _totals(found: Sequence[Lane]) -> list[tuple[str, int | None, str]]:
    """Word, sum, and the class of its colour. None where one of them is not known: a part is no sum."""
    rows = []
    for word, name in (
        ("waiting", "waiting"),
        ("in flight", "in_flight"),
        ("comes back later", "delayed"),
        ("dead", "dead"),
    ):
        with_one = [lane for lane in found if (lane.health.buries if name == "dead" else lane.has_queue)]
        numbers = [getattr(each.health, name) for each in with_one]
        total = None if any(each is None for each in numbers) else sum(numbers)
        rows.append((word, total, "bad" if word == "dead" and total else ""))
    return rows


def _trouble(report: Report | None) -> list[tuple[str, str]]:
    """Whose, and what in a sentence."""
    if report is None:
        return []
    told = [("the stack", each) for each in report.problems]
    for health in report.subscribers:
        told += [(health.task, each) for each in health.problems]
        told += [(health.task, f"not read: {each}") for each in health.unseen]
    told += [("alarm", str(each["says"] or each["name"]).splitlines()[0]) for each in report.alarms]
    return told


def _moving(outcomes: Sequence[Outcome]) -> list[tuple[int, str, str]]:
    """What a tab moves once: number, task, and what became of it. The newest only, however many there were."""
    told = [(each.number, each.task, _became(each)) for each in outcomes[:60]]
    return sorted(told)


def _became(outcome: Outcome) -> str:
    return "done" if outcome.line.is_success else "dead" if outcome.line.kind == "dead" else "failed"
