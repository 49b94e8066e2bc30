"""What became of one event at one task, and whether that is what the demo promises."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fanout.local.app import Task
from fanout.local.demo.filtered import is_filtered_out
from fanout.local.evidence import Attempt, Evidence
from fanout.publisher import Event

DONE, DEAD, RETRYING, WAITING, FILTERED = "done", "dead letter", "retrying", "waiting", "filtered out"
SETTLED = (DONE, DEAD, FILTERED)


@dataclass(frozen=True)
class Verdict:
    """`as_expected` is None until it is known."""

    name: str
    task: str
    status: str = WAITING
    attempts: int = 0
    milliseconds: float | None = None
    evidence: str = ""
    as_expected: bool | None = None

    @property
    def delivered(self) -> bool:
        return self.attempts > 0


@dataclass
class Trial:
    """Every event, by its name, at every task; what is settled once is not looked at again, until the end."""

    evidence: Evidence
    tasks: Sequence[Task]
    events: Mapping[str, Event]
    published_at: float
    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)
    filtered: set[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Filters are asked once: a subscription's policy does not change during a demo."""
        stack = self.evidence.stack
        self.filtered = {
            (name, task.name)
            for task in self.tasks
            for name, event in self.events.items()
            if is_filtered_out(stack.subscriber(task.name), event)
        }

    def look(self) -> list[Verdict]:
        """In the order of the events."""
        for task in self.tasks:
            unsettled = {name: event for name, event in self.events.items() if not self._is_settled(name, task)}
            attempts = self.evidence.attempts(task.name) if unsettled else []
            for name, event in unsettled.items():
                own = [each for each in attempts if each.event_id == event.id]
                self.verdicts[name, task.name] = self._verdict(name, event, task, own)
        return [self.verdicts[pair] for pair in self._pairs()]

    def conclude(self) -> list[Verdict]:
        """Once more, and everything: an effect that came twice shows now."""
        self.verdicts.clear()
        return self.look()

    @property
    def is_over(self) -> bool:
        return all(each.status in SETTLED for each in self.verdicts.values())

    def _pairs(self) -> Iterator[tuple[str, str]]:
        return ((name, task.name) for name in self.events for task in self.tasks)

    def _is_settled(self, name: str, task: Task) -> bool:
        known = self.verdicts.get((name, task.name))
        return known is not None and known.status in SETTLED

    def _verdict(self, name: str, event: Event, task: Task, attempts: list[Attempt]) -> Verdict:
        filtered = (name, task.name) in self.filtered
        if not attempts:
            return Verdict(name, task.name, FILTERED, as_expected=True) if filtered else Verdict(name, task.name)
        last, count = attempts[-1], len(attempts)
        milliseconds = (last.at.timestamp() - self.published_at) * 1000
        if last.outcome == "done":
            proven, text = task.proof(self.evidence, event)
            expected = proven and not task.refuses(event) and not filtered
            return Verdict(name, task.name, DONE, count, milliseconds, text, expected)
        if _is_dead(self.evidence, task, event):
            proven, text = task.proof(self.evidence, event) if task.refuses(event) else (False, last.error)
            return Verdict(name, task.name, DEAD, count, milliseconds, text, proven)
        return Verdict(name, task.name, RETRYING, count, None, last.error)


def _is_dead(evidence: Evidence, task: Task, event: Event) -> bool:
    return any(json.loads(letter.get("Body", "{}"))["id"] == event.id for letter in evidence.dead_letters(task.name))
