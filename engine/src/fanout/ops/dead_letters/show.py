"""Finds one dead-letter message, and every attempt that was made at it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from fanout.contracts.ids import plain_attributes
from fanout.errors import OpsError
from fanout.ops.aws import logs
from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.aws.logs import Line
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.browse import MOST, Browse
from fanout.ops.dead_letters.causes import Cause, Explainer
from fanout.ops.dead_letters.message import CAUSE, DeadLetterMessage


@dataclass(frozen=True)
class Found:
    """A message, whose it is, why it died, and all its attempts, oldest first."""

    subscriber: DeployedSubscriber
    message: DeadLetterMessage
    cause: Cause
    attempts: list[Line]

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
            "group": message.group,
            "cause": {"id": self.cause.id, "error_type": self.cause.error_type, "error": self.cause.text},
            "attributes": attributes(message, reveal=reveal),
            "event": (message.event or message.body) if reveal else message.redacted(),
            "attempts": [{**each.as_dict(), **links(self.subscriber, each)} for each in self.attempts],
        }


def search(stack: Stack, id_: str, task: str | None = None, *, limit: int = MOST) -> Found:
    """Looks into the dead-letter queues until it is found; the first one wins when several tasks failed at one event."""
    for subscriber in stack.chosen(task):
        message = first(subscriber, id_, limit)
        if message is not None:
            (cause,) = Explainer(stack.aws, subscriber).explain([message])
            return Found(subscriber, message, cause, attempts(subscriber, message))
    raise OpsError(
        f"no dead letter {id_} of {', '.join(each.task for each in stack.chosen(task))}: somebody may have it in hand"
        f" (look again in a minute), or it is healed: fanout where {id_}"
    )


def first(subscriber: DeployedSubscriber, id_: str, limit: int = MOST) -> DeadLetterMessage | None:
    """By message or event id, or by the event's reference. What was received on the way is visible again when this returns."""
    with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=limit) as browsing:
        return match(browsing, id_)


def match(browsing: Browse, id_: str) -> DeadLetterMessage | None:
    return next((each for each in browsing if each.matches(id_)), None)


def attempts(subscriber: DeployedSubscriber, message: DeadLetterMessage) -> list[Line]:
    """Every attempt at its event, redriven ones too; at the message alone when there is no event in it."""
    since = message.sent_at - timedelta(days=1)  # an event that was redriven before has older attempts
    word = message.event_id or message.died_as
    lines = logs.about(subscriber.aws, subscriber.log_group, word, since)
    until = message.sent_at + timedelta(days=1)
    crashed = logs.crashes(subscriber.aws, subscriber.log_group, [message.died_as], since, until)
    return sorted([*lines, *crashed.get(message.died_as, [])], key=lambda line: line.at)


def attributes(message: DeadLetterMessage, *, reveal: bool) -> dict[str, Any]:
    """Values that a publisher chose are answers for all we know."""
    shown = (*plain_attributes(), CAUSE)
    return {
        name: value.get("StringValue", "(binary)") if reveal or name in shown else "(not shown)"
        for name, value in message.attributes.items()
    }


def links(subscriber: DeployedSubscriber, line: Line) -> dict[str, str]:
    """Into the console, which asks for a sign-in of its own."""
    region = subscriber.aws.region
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    group = quote(quote(subscriber.log_group, safe=""), safe="").replace("%", "$")
    stream = quote(quote(line.log_stream or "", safe=""), safe="").replace("%", "$")
    found = {"log": f"{console}#logsV2:log-groups/log-group/{group}/log-events/{stream}"}
    return {**found, "trace": f"{console}#xray:traces/{line.trace_id}"} if line.trace_id else found
