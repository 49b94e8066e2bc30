"""What became of one event at one task, and whether that is what the demo promises."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fanout.local.demo.evidence import Attempt, Evidence
from fanout.publisher import Event

DONE, DEAD, RETRYING, WAITING = "done", "dead letter", "retrying", "waiting"


@dataclass(frozen=True)
class Verdict:
    """`as_expected` is None until it is known."""

    event: Event
    task: str
    status: str = WAITING
    attempts: int = 0
    milliseconds: float | None = None
    evidence: str = ""
    as_expected: bool | None = None

    @property
    def delivered(self) -> bool:
        return self.attempts > 0


Proof = Callable[[Evidence, Event], tuple[bool, str]]


@dataclass
class Trial:
    """Every event at every task; what is settled once is not looked at again, until the end."""

    evidence: Evidence
    events: list[Event]
    published_at: float
    refused_form: str
    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    def look(self) -> list[Verdict]:
        """In the order of the events."""
        for task in self.evidence.outputs.tasks:
            unsettled = [event for event in self.events if not self._is_settled(event, task)]
            attempts = self.evidence.attempts(task) if unsettled else []
            for event in unsettled:
                own = [each for each in attempts if each.event_id == event.id]
                self.verdicts[event.id, task] = self._verdict(event, task, own)
        return [self.verdicts[event.id, task] for event in self.events for task in self.evidence.outputs.tasks]

    def conclude(self) -> list[Verdict]:
        """Once more, and everything: an effect that came twice shows now."""
        self.verdicts.clear()
        return self.look()

    @property
    def is_over(self) -> bool:
        return all(each.status in (DONE, DEAD) for each in self.verdicts.values())

    def _is_settled(self, event: Event, task: str) -> bool:
        known = self.verdicts.get((event.id, task))
        return known is not None and known.status in (DONE, DEAD)

    def _verdict(self, event: Event, task: str, attempts: list[Attempt]) -> Verdict:
        if not attempts:
            return Verdict(event, task)
        last, count = attempts[-1], len(attempts)
        milliseconds = (last.at.timestamp() - self.published_at) * 1000
        expected_to_die = task == "notify_webhook" and event.form_id == self.refused_form
        if last.outcome == "done":
            proven, text = PROOFS.get(task, _nothing_known)(self.evidence, event)
            return Verdict(event, task, DONE, count, milliseconds, text, proven and not expected_to_die)
        if _is_dead(self.evidence, task, event):
            proven, text = _refused(self.evidence, event) if expected_to_die else (False, last.error)
            return Verdict(event, task, DEAD, count, milliseconds, text, proven)
        return Verdict(event, task, RETRYING, count, None, last.error)


def _is_dead(evidence: Evidence, task: str, event: Event) -> bool:
    return any(json.loads(letter.get("Body", "{}"))["id"] == event.id for letter in evidence.dead_letters(task))


def _refused(evidence: Evidence, event: Event) -> tuple[bool, str]:
    requests = evidence.webhooks(event.id)
    answers, signatures = {each.answer for each in requests}, {each.signature for each in requests}
    told = f"POST: {', '.join(map(str, answers))}, signature {', '.join(signatures)}"
    return answers == {410} and signatures == {"valid"}, told


def _email(evidence: Evidence, event: Event) -> tuple[bool, str]:
    data: dict[str, Any] = json.loads(event.body)["data"]
    address = data.get("submitter", {}).get("email")
    sent = [each for each in evidence.emails() if data["submission_id"] in each.text]
    if address is None:
        return not sent, "no address: none sent"
    if [each.to for each in sent] != [(address,)]:
        return False, f"expected one e-mail to {address}, captured {len(sent)}"
    return True, f"to {address}"


def _object(evidence: Evidence, event: Event) -> tuple[bool, str]:
    found = evidence.archived(event.id)
    if list(found.values()) != [event.body.encode()]:
        return False, f"expected one object with the event, found {sorted(found)}"
    return True, f"{len(event.body.encode())} bytes in S3, as published"


def _webhook(evidence: Evidence, event: Event) -> tuple[bool, str]:
    requests = evidence.webhooks(event.id)
    if not requests:
        return False, "no request arrived"
    last = requests[-1]
    proven = last.signature == "valid" and last.answer == 200 and last.body == event.body
    return proven, f"POST: {last.answer}, signature {last.signature}"


def _nothing_known(evidence: Evidence, event: Event) -> tuple[bool, str]:
    return True, "as its log says (the demo knows no effect of this task)"


PROOFS: dict[str, Proof] = {"send_confirmation": _email, "archive_submission": _object, "notify_webhook": _webhook}
