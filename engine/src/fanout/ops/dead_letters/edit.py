"""`fanout dead edit`: an event that no code can process, mended by a person, checked, and sent again.

The event is read, and let go of: a person may think for longer than a message may be hidden. When the change is to be
made, the message is received once more, and it must still be what it was.
"""

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonpatch
import jsonpointer

from fanout.errors import OpsError, Unusable
from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.aws.subscription import KnownEvent, read_subscriptions
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.message import CAUSE, DeadLetterMessage
from fanout.ops.journal import DELETED, SENDING, SENT, Journal, about
from fanout.ops.send.queue import OutgoingMessage, send
from fanout.publisher import Event, InvalidEvent, checked_event


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
        moved = f" from {change['from']}" if "from" in change else ""
        value = f" = {json.dumps(change['value'], ensure_ascii=False)}" if reveal and "value" in change else ""
        return f"{change['op']} {change['path']}{moved}{value}"


def patch_event(message: DeadLetterMessage, patch: str) -> dict[str, Any]:
    """The event after an RFC 6902 patch, given as JSON or as the name of a file."""
    event = message.event
    if event is None:
        raise Unusable("the body is no JSON object, so there is nothing to patch: edit it without --patch")
    text = patch if patch.lstrip().startswith("[") else _file(patch)
    try:
        made = jsonpatch.JsonPatch.from_string(text).apply(event)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, ValueError, TypeError) as error:
        raise Unusable(f"the patch does not fit: {type(error).__name__}; expected a JSON array by RFC 6902") from None
    if not isinstance(made, dict):
        raise Unusable("the patch leaves no JSON object")
    return made


def open_editor(message: DeadLetterMessage) -> dict[str, Any]:
    """The event after $EDITOR, in a file that only this user can read and that is gone afterwards."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise Unusable("no editor: set EDITOR, or give --patch")
    text = json.dumps(message.event, indent=2, ensure_ascii=False) if message.event else message.body
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        path = Path(folder) / "event.json"
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        if subprocess.call([*shlex.split(editor), str(path)]) != 0:
            raise Unusable(f"{editor} did not end well: nothing was changed")
        return _object(path.read_text("utf-8"))


def check_edit(subscriber: DeployedSubscriber, message: DeadLetterMessage, event: dict[str, Any]) -> Edit:
    """Against the contract, the id that never changes, and the filter of the task's subscription."""
    before = message.event
    if before is not None and message.event_id is not None and event.get("id") != message.event_id:
        raise Unusable(f"the event's id was {message.event_id} and must stay: tasks know by it what they have done")
    try:
        made = checked_event(event)
    except InvalidEvent as error:
        raise Unusable(str(error).replace("nothing was published", "nothing was changed")) from None
    ours = {name: {"DataType": "String", "StringValue": value} for name, value in made.attributes.items()}
    attributes = {**{name: value for name, value in message.attributes.items() if name != CAUSE}, **ours}
    _check_filter(subscriber, made, attributes)
    changes = [] if before is None else list(jsonpatch.make_patch(before, json.loads(made.body)))
    if before is not None and not changes:
        raise Unusable("nothing was changed: fanout dead redrive sends it as it is")
    return Edit(message, made, attributes, changes)


def send_edited(stack: Stack, subscriber: DeployedSubscriber, edit: Edit, journal: Journal, reason: str) -> str:
    """The id of the new message. The message must still be there, and still be what was edited."""
    with browse.browse(stack.aws, subscriber.dead_letter_queue_url, limit=browse.MOST) as browsing:
        message = showing.match(browsing, edit.message.message_id)
        if message is None or message.hash != edit.message.hash:
            raise OpsError(
                "the message is not there any more: somebody redrove, edited or dropped it; nothing was changed"
            )
        outgoing = OutgoingMessage.from_dead_letter(message)
        outgoing = OutgoingMessage(message.message_id, edit.event.body, edit.attributes, outgoing.group, outgoing.trace)
        told = about(message, task=subscriber.task, queue=subscriber.dead_letter_queue_name, reason=reason)
        journal.write(SENDING, **told, after=outgoing.hash)
        (sent,) = send(stack.aws, subscriber.queue_url, [outgoing])
        if sent.id is None:
            journal.write("not sent", **told, why=sent.refusal)
            raise OpsError(f"SQS refused the edited event ({sent.refusal}): nothing was changed")
        journal.write(SENT, **told, after=outgoing.hash, **{"as": sent.id})
        stack.aws.sqs.delete_message(QueueUrl=subscriber.dead_letter_queue_url, ReceiptHandle=message.receipt_handle)
        browsing.forget([message])
        journal.write(DELETED, **told)
        return sent.id


def _check_filter(subscriber: DeployedSubscriber, event: Event, attributes: Mapping[str, Mapping[str, Any]]) -> None:
    """The task was never meant to see an event that its filter lets not through."""
    after = DeadLetterMessage("", "", event.body, attributes, {})
    for each in read_subscriptions(subscriber):
        if each.lets_through(KnownEvent.from_message(after)) is False:
            policy = json.dumps(each.policy)
            raise Unusable(f"the filter of {subscriber.task} does not let this event through: {policy}")


def _file(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Unusable(f"--patch {name}: neither a JSON array nor a file with one") from None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "somewhere"
        raise Unusable(f"not JSON any more ({where}): nothing was changed") from None
    if not isinstance(value, dict):
        raise Unusable("not a JSON object any more: nothing was changed")
    return value
