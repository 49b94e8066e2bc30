"""Find: what became of one event at every task, and when, and why. No answer is read for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from shlex import quote as in_shell
from urllib.parse import quote, urlencode

from fanout.console.console import Console
from fanout.console.find.links import Links, links
from fanout.console.page import Answer, Asked, Page, Route, To
from fanout.errors import Unusable
from fanout.ops.aws.line import Line
from fanout.ops.dead_letters.selection import age
from fanout.ops.timeline import timeline
from fanout.ops.timeline.state import DEAD, NOT_FOUND, RETRYING, UNKNOWN, WORKING, EventState

SHARED_SECONDS = 1.5
"""Tabs that follow the same event ask once."""
USUAL, JUST_SENT = "14d", "1h"
_WORDS = {NOT_FOUND: "not seen"}
_LONGEST = 256


@dataclass(frozen=True)
class Row:
    """One task's part; `attempts` with where each can be read."""

    state: EventState
    word: str
    tone: str
    attempts: list[tuple[Line, Links, str]]


def routes(console: Console) -> Sequence[Route]:
    def find(asked: Asked) -> Answer:
        id_ = asked.query.get("id", "").strip()
        since = asked.query.get("since", USUAL)
        if id_:
            age(since)
            return To(f"/events/{quote(id_, safe='')}" + (f"?{urlencode({'since': since})}" if since != USUAL else ""))
        return Page("find/find.html", {"since": since, "commands": [f"fanout where ID {console.target}"]})

    def show(asked: Asked) -> Answer:
        id_, since = asked.path["id"], asked.query.get("since", USUAL)
        if not id_:
            return To("/find")
        if len(id_) > _LONGEST:
            raise Unusable(f"an id has at most {_LONGEST} characters, and this has {len(id_)}")
        states = console.shared.get(("event", id_, since), SHARED_SECONDS, lambda: _states(console, id_, since))
        rows, refresh = [_row(console, each) for each in states], _refresh(states, since)
        facts = {
            "id": id_,
            "since": since,
            "rows": rows,
            "is_over": all(each.is_over for each in states),
            "is_well": all(each.is_well for each in states),
            "is_unseen": all(each.state == NOT_FOUND and each.completeness for each in states),
            "is_on_its_way": bool(refresh) and any(each.state != NOT_FOUND for each in states),
            "now": datetime.now(UTC),
            "commands": [
                f"fanout where {in_shell(id_)}{'' if since == USUAL else f' --since {since}'} {console.target}"
            ],
        }
        return Page("find/event.html", facts, refresh=refresh)

    return (Route("/find", find), Route("/events/{id:path}", show))


def _states(console: Console, id_: str, since: str) -> list[EventState]:
    return timeline.for_stack(console.stack, id_, since=datetime.now(UTC) - age(since))


def _refresh(states: Sequence[EventState], since: str) -> float:
    """An event that nobody has seen is looked for again only just after it was sent: each look asks all logs."""
    if any(each.state in (WORKING, RETRYING) for each in states):
        return 2.0
    return 1.0 if since == JUST_SENT and any(each.state == NOT_FOUND for each in states) else 0


def _row(console: Console, state: EventState) -> Row:
    subscriber = console.stack.subscriber(state.task)
    attempts = [(each, links(console.stack, subscriber, each), _tone(each)) for each in state.attempts]
    tone = "well" if state.is_well else "bad" if state.state in (DEAD, UNKNOWN) else "held"
    return Row(state, _WORDS.get(state.state, state.state), tone, attempts)


def _tone(line: Line) -> str:
    return "well" if line.is_success else "bad" if line.kind == "dead" else "held"
