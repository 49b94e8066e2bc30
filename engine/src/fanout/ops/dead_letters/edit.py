"""`fanout dead edit`: an event that no code can process, mended by a person, checked, and sent again.

The event is read, and let go of: a person may think for longer than a message may be hidden. When the change is to be
made, the message is received once more: it must still be there.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonpatch
from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.errors import OpsError, Unusable
from fanout.ops import lease
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, read_subscriptions
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.drop import delete
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.dead_letters.plain import shown_pointer
from fanout.ops.journal import DELETED, Journal, about
from fanout.ops.send.journalled import send_written
from fanout.ops.send.queue import OutgoingMessage
from fanout.publisher import Event, InvalidEvent, checked_event
from fanout.publisher.event import LARGEST_LIMIT


@dataclass(frozen=True)
class Edit:
    """`changes` are RFC 6902 operations; their values may be answers."""

    message: DeadLetterMessage
    event: Event
    attributes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    changes: list[dict[str, Any]] = field(repr=False)

    def lines(self, *, reveal: bool) -> list[str]:
        """The difference, place by place."""
        if not self.changes:
            return ["the body was no event"]
        return [self._line(each, reveal) for each in self.changes]

    def _line(self, change: dict[str, Any], reveal: bool) -> str:
        path, whence = (each if reveal else shown_pointer(each) for each in (change["path"], change.get("from", "")))
        moved = f" from {whence}" if whence else ""
        value = f" = {json.dumps(change['value'], ensure_ascii=False)}" if reveal and "value" in change else ""
        return f"{change['op']} {path}{moved}{value}"


@dataclass(frozen=True)
class Edited:
    """`id` is the message's that was sent: now, or `before` by an earlier run. `left`: its letter could not be deleted.

    `perhaps`: sent now, and perhaps by an earlier run too.
    """

    id: str
    before: bool
    left: bool
    perhaps: bool = False

    def __str__(self) -> str:
        said = f"sent before, as {self.id}: nothing is sent now" if self.before else f"sent as {self.id}"
        said += (
            "; perhaps sent before, too (a run had no answer): the task skips the same event" if self.perhaps else ""
        )
        return said + ("; its letter is left: the next redrive deletes it, and sends nothing" if self.left else "")


def with_new_id(message: DeadLetterMessage, event: dict[str, Any]) -> dict[str, Any]:
    """The event under an id of its own, the same in each run: it is one event. Raises Unusable where its id is the right one."""
    if not may_have_new_id(message):
        raise Unusable(
            f"the event's id {message.event_id} keeps the contract and is its own: it must stay, as tasks know by it what"
            " they have done"
        )
    return {**event, "id": str(uuid.uuid5(uuid.NAMESPACE_OID, message.message_id))}


def may_have_new_id(message: DeadLetterMessage) -> bool:
    """An id that breaks the contract can never be mended otherwise, and one that another event has is not its own."""
    return message.event_id is None or (message.cause or {}).get("error_type") == names.OTHER_CONTENT


def check_edit(subscriber: DeployedSubscriber, message: DeadLetterMessage, event: dict[str, Any]) -> Edit:
    """Against the contract, the id that never changes, and the filter of the task's subscription."""
    before = message.event
    if event.get("id") != message.event_id and not may_have_new_id(message):
        raise Unusable(f"the event's id was {message.event_id} and must stay: tasks know by it what they have done")
    try:
        made = checked_event(event, max_bytes=LARGEST_LIMIT)  # it goes into a queue
    except InvalidEvent as error:
        raise Unusable(str(error).replace("nothing was published", "nothing was changed")) from None
    subscriber.require_runtime("dead edit")
    ours = {name: {"DataType": "String", "StringValue": value} for name, value in made.attributes.items()}
    attributes = {**message.published_attributes, **ours}
    _check_filter(subscriber, made, attributes)
    changes = [] if before is None else list(jsonpatch.make_patch(before, json.loads(made.body)))
    if before is not None and not changes:
        raise Unusable("nothing was changed: fanout dead redrive sends it as it is")
    return Edit(message, made, attributes, changes)


def perhaps_sent(subscriber: DeployedSubscriber, message: DeadLetterMessage, journal: Journal) -> bool:
    """Whether an earlier run began to send it, and had no answer."""
    return message.message_id in journal.unfinished(subscriber.dead_letter_queue_name).unsure


def send_edited(stack: Stack, subscriber: DeployedSubscriber, edit: Edit, journal: Journal, reason: str) -> Edited:
    """The message must still be there. One that an earlier run has sent is deleted alone: it would have its effects twice."""
    with browse.browse(stack.aws, subscriber.dead_letter_queue_url, limit=browse.MOST) as browsing:
        message = showing.match(browsing, edit.message.message_id)
        if message is None:
            raise OpsError(f"nothing was changed: {_gone(edit.message, browsing)}")
        if lease.now() > message.expires:
            raise OpsError("nothing was changed: the message may be in somebody's hand: look again")
        queue = subscriber.dead_letter_queue_name
        told = about(message, task=subscriber.task, queue=queue, reason=reason)
        unfinished = journal.unfinished(queue)
        before = unfinished.sent.get(message.message_id)
        sent = before or _sent(subscriber, message, edit, journal, told)
        try:
            gone = delete(subscriber, [message], browsing)
        except (ClientError, BotoCoreError):  # the journal has it as sent, and the answer has it as left
            gone = []
        if gone:
            journal.write(DELETED, **told)
        return Edited(sent, before is not None, not gone, before is None and message.message_id in unfinished.unsure)


def _sent(
    subscriber: DeployedSubscriber, message: DeadLetterMessage, edit: Edit, journal: Journal, told: dict[str, Any]
) -> str:
    """As which message. Raises OpsError where SQS does not take it, and what AWS says to the request."""
    as_it_was = OutgoingMessage.from_dead_letter(message)
    outgoing = OutgoingMessage(message.message_id, edit.event.body, edit.attributes, as_it_was.group, as_it_was.trace)
    ((sent,),) = send_written(
        subscriber.aws, subscriber.target, journal, [outgoing], lambda each: {**told, "after": each.hash}
    )
    if sent.id is None:
        raise OpsError(f"SQS did not take the edited event ({sent.refusal}): nothing was changed")
    return sent.id


def _gone(message: DeadLetterMessage, browsing: browse.Browse) -> str:
    if browsing.complete:
        return "the message is not there any more: somebody redrove, edited or dropped it"
    unseen = "; ".join(browsing.completeness.unseen)
    return f"{message.message_id} is not found among the {browsing.seen:,} looked at; not looked at: {unseen}"


def _check_filter(subscriber: DeployedSubscriber, event: Event, attributes: Mapping[str, Mapping[str, Any]]) -> None:
    """The task was never meant to see an event that its filter lets not through."""
    after = DeadLetterMessage("", "", event.body, attributes, {})
    for each in read_subscriptions(subscriber):
        if each.lets_through(KnownEvent.from_message(after)) is False:
            policy = json.dumps(each.policy)
            raise Unusable(f"the filter of {subscriber.task} does not let this event through: {policy}")
