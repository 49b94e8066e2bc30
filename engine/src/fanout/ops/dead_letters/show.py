"""Finds one dead-letter message, and every attempt that was made at it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fanout.contracts.ids import plain_attributes
from fanout.errors import OpsError
from fanout.ops.aws import logs
from fanout.ops.aws.addresses import log_address, trace_address
from fanout.ops.aws.line import Line
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DELIVERY, DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.browse import MOST, Browse
from fanout.ops.dead_letters.causes import Cause, Explainer
from fanout.ops.dead_letters.message import CAUSE, DeadLetterMessage
from fanout.ops.dead_letters.plain import keeps_contract
from fanout.ops.journal import Journal, about
from fanout.words import counted


@dataclass(frozen=True)
class Found:
    """A message, whose it is, why it died, and all its attempts, oldest first."""

    subscriber: DeployedSubscriber
    message: DeadLetterMessage
    cause: Cause
    attempts: list[Line]
    completeness: Completeness = COMPLETE
    """Of the attempts."""
    redriven: bool = False
    """Sent back before, by this operator's journal."""

    def write_revealed(self, journal: Journal, reason: str) -> None:
        """Before its answers are shown."""
        journal.write("revealed", **about(self.message, task=self.subscriber.task, reason=reason))

    def as_dict(self, *, reveal: bool) -> dict[str, Any]:
        message = self.message
        return {
            "task": self.subscriber.task,
            "message_id": message.message_id,
            "died_as": message.died_as,
            "event_id": message.event_id,
            **dict(message.ids.named),
            "sent_at": message.sent_at,
            "moved_by_sqs": message.moved_by_sqs,
            **_given_up(message),
            "redriven_before": self.redriven,
            "group": message.group,
            "cause": {"id": self.cause.id, "error_type": self.cause.error_type, "error": self.cause.text},
            "attributes": attributes(message, reveal=reveal),
            "event": (message.event or message.published_body) if reveal else message.redacted(),
            "attempts": [{**each.as_dict(), **links(self.subscriber, each)} for each in self.attempts],
            "unseen": list(self.completeness.unseen),
        }


def _given_up(message: DeadLetterMessage) -> dict[str, Any]:
    """By Lambda, of a task that its topic calls."""
    told = message.wrapped.given_up if message.wrapped else None
    return {"given_up": told.condition, "attempts_counted": told.attempts} if told else {}


def search(stack: Stack, id_: str, task: str | None = None, *, limit: int = MOST) -> Found:
    """Looks into the dead-letter queues until it is found; the first one wins when several tasks failed at one event.

    Raises OpsError, which says what was not looked at, when it is not found.
    """
    seen, completeness = 0, COMPLETE
    for subscriber in stack.with_letters(task):
        looked = look_for(subscriber, id_, limit)
        if looked.message is not None:
            (cause,) = Explainer(stack.aws, subscriber).explain([looked.message])
            redriven = looked.message in Journal.of(stack).redriven(subscriber.dead_letter_queue_name)
            return Found(subscriber, looked.message, cause, *attempts(subscriber, looked.message), redriven)
        seen, completeness = seen + looked.seen, completeness + looked.completeness
    tasks = ", ".join(each.task for each in stack.with_letters(task))
    raise OpsError(not_found(id_, tasks, seen, completeness))


def not_found(id_: str, tasks: str, seen: int, completeness: Completeness) -> str:
    """One line: a dead letter that is not there, or one that was not seen."""
    if completeness:
        return f"no dead letter {id_} of {tasks}: {counted(seen, 'dead letter')} looked at, which is all: fanout where {id_}"
    unseen = "; ".join(completeness.unseen)
    return (
        f"{id_} is not found among the {seen:,} dead letters of {tasks} that were looked at; not looked at: {unseen}."
        f" Look again in a minute, or see fanout where {id_}"
    )


@dataclass(frozen=True)
class Looked:
    """One message that was looked for: without it, `completeness` says whether that proves anything."""

    message: DeadLetterMessage | None
    seen: int
    completeness: Completeness


def look_for(subscriber: DeployedSubscriber, id_: str, limit: int = MOST) -> Looked:
    """By message or event id, or by the event's reference. What was received on the way is visible again when this returns."""
    with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as browsing:
        message = match(browsing, id_)
    return Looked(message, browsing.seen, COMPLETE if message is not None else browsing.completeness)


def first(subscriber: DeployedSubscriber, id_: str, limit: int = MOST) -> DeadLetterMessage | None:
    """The message alone."""
    return look_for(subscriber, id_, limit).message


def match(browsing: Browse, id_: str) -> DeadLetterMessage | None:
    return next((each for each in browsing if each.matches(id_)), None)


def attempts(subscriber: DeployedSubscriber, message: DeadLetterMessage) -> tuple[list[Line], Completeness]:
    """Every attempt at its event, redriven ones too; at the message alone when there is no event in it."""
    since = message.sent_at - timedelta(days=1)  # an event that was redriven before has older attempts
    words = {message.event_id or message.died_as, message.died_as}
    if subscriber.kind == DELIVERY:
        return [], COMPLETE  # SNS alone had it in hand
    history = logs.history(subscriber.aws, subscriber.log_group, words, since, life=subscriber.longest_life)
    return history.lines, history.completeness


def attributes(message: DeadLetterMessage, *, reveal: bool) -> dict[str, Any]:
    """Values that a publisher chose are answers for all we know: shown are those that repeat what may be shown."""
    ids = message.ids
    plain = {value for value in (*dict(ids.named).values(), ids.group, ids.reference, shown_type(message)) if value}
    return {
        name: value.get("StringValue", "(binary)")
        if reveal or (name in plain_attributes() and value.get("StringValue") in plain)
        else (message.cause or "(not shown)")
        if name == CAUSE
        else "(not shown)"
        for name, value in {**message.attributes, **message.published_attributes}.items()
    }


def shown_type(message: DeadLetterMessage) -> str | None:
    """The event's type, where it keeps its contract."""
    event = message.event
    return str(event["type"]) if event is not None and keeps_contract(event, "type") else None


def links(subscriber: DeployedSubscriber, line: Line) -> dict[str, str]:
    """Into the console, which asks for a sign-in of its own."""
    region = subscriber.aws.region
    found = {"log": log_address(region, subscriber.log_group, line.log_stream or "")}
    return {**found, "trace": trace_address(region, line.trace_id)} if line.trace_id else found
