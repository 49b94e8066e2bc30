"""Health: what rings, what beats, what it costs, what was deployed, and, when asked, what was changed by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fanout.console.console import Console
from fanout.console.health import facts
from fanout.console.page import Answer, Asked, Page, Route
from fanout.ops.doctor.doctor import examine
from fanout.ops.status.report import Report

SECONDS = 15.0
"""What is shown is that old at most."""
TEMPLATE_SECONDS = 300.0
EXAMINED_SECONDS = 30.0


def routes(console: Console) -> Sequence[Route]:
    def show(_: Asked) -> Answer:
        console.collector.watch(0.5)
        shared, stack = console.shared, console.stack
        found = shared.get("alarms", SECONDS, lambda: facts.read(lambda: facts.alarms_of(stack)))
        template = shared.get("template", TEMPLATE_SECONDS, lambda: facts.read(lambda: facts.template_of(stack)))
        collector = console.collector
        rate, report = facts.rate(collector.counts.lately()), collector.state
        values = {
            "alarms": found,
            "alarm_counts": _counts(found.value or []),
            "heartbeats": shared.get("heartbeats", SECONDS, lambda: facts.read(lambda: facts.heartbeats(stack))),
            "window": facts.HEARTBEATS.total_seconds(),
            "cost": facts.read(lambda: facts.cost(template.value or {}, rate)) if template.value else template,
            "deployments": shared.get("deployments", SECONDS, lambda: facts.read(lambda: facts.deployments(stack))),
            "verified": facts.read(lambda: facts.verified(stack)),
            "problem": collector.problem,
            "looked_at": report.at if report else None,
            "is_late": collector.is_late,
            "unseen": _unseen(report) if report else [],
            "unread": collector.unread,
            "is_link": lambda place: urlsplit(place).scheme == "https",
            "now": datetime.now(UTC),
            "commands": [f"fanout status {console.target}", f"fanout doctor {console.target}", "fanout cost"],
        }
        return Page("health/health.html", values, refresh=SECONDS)

    def doctor(_: Asked) -> Answer:
        problems = console.shared.get("doctor", EXAMINED_SECONDS, lambda: examine(console.stack))
        return Page("health/doctor.html", {"problems": problems, "commands": [f"fanout doctor {console.target}"]})

    return (Route("/health", show), Route("/health/doctor", doctor))


def _unseen(report: Report) -> list[str]:
    """By the last look."""
    of_each = [f"{each.task}: {line}" for each in report.subscribers for line in (*each.unread, *each.unseen)]
    return [*report.unread, *of_each]


def _counts(alarms: Sequence[facts.Alarm]) -> dict[str, int]:
    words = {"ALARM": "ringing", "INSUFFICIENT_DATA": "without data", "OK": "quiet"}
    return {word: sum(each.state == state for each in alarms) for state, word in words.items()}
