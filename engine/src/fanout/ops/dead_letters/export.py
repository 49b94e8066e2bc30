"""Dead-letter messages as JSON Lines: out of the queue into a file, and from a file back to their tasks.

One line has all that is needed to send the message again: task, body, attributes, group and trace. A file holds answers,
so only its owner can read it.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fanout import names
from fanout.errors import OpsError, Unusable
from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.journal import SENT, Journal, home
from fanout.ops.send.queue import OutgoingMessage, send

_KEYS = {"task", "message_id", "body", "attributes"}


def record(subscriber: DeployedSubscriber, message: DeadLetterMessage) -> dict[str, Any]:
    """As it is in the queue: `fanout.cause` is kept here, and left out when it is sent."""
    return {
        "task": subscriber.task,
        "message_id": message.message_id,
        "event_id": message.event_id,
        "sent_at": message.sent_at.isoformat(),
        "hash": message.hash,
        "group": message.group,
        "trace": message.system.get("AWSTraceHeader"),
        "attributes": {name: _written(value) for name, value in message.attributes.items()},
        "body": message.body,
    }


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """Never over another file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Unusable(f"{path} exists already: give another name") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass") as file:
        yield file
        _on_disk(file)


def append(file: IO[str], subscriber: DeployedSubscriber, messages: Sequence[DeadLetterMessage]) -> None:
    """On the disk when this returns."""
    for each in messages:
        file.write(json.dumps(record(subscriber, each), ensure_ascii=True) + "\n")
    _on_disk(file)


def default_path(task: str, what: str, run: str) -> Path:
    return home() / f"{what}-{task}-{run}.jsonl"


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Line by line, however long the file is."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _checked(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None


def read_outgoing(path: Path, stack: Stack) -> Iterator[tuple[DeployedSubscriber, OutgoingMessage]]:
    for each in read(path):
        attributes = {
            name: _restored(value) for name, value in each["attributes"].items() if name != names.CAUSE_ATTRIBUTE
        }
        outgoing = OutgoingMessage(each["message_id"], each["body"], attributes, each.get("group"), each.get("trace"))
        yield stack.subscriber(each["task"]), outgoing


def import_messages(path: Path, stack: Stack, journal: Journal) -> tuple[int, int]:
    """Sends what this journal did not bring in before; how many now, and how many before."""
    before = {
        str(line.get("letter")) for line in journal.read() if line.get("step") == SENT and line.get("file") == path.name
    }
    done = skipped = 0
    for subscriber, outgoing in read_outgoing(path, stack):
        if outgoing.key in before:
            skipped += 1
            continue
        told = {"task": subscriber.task, "letter": outgoing.key, "file": path.name, "after": outgoing.hash}
        (sent,) = send(stack.aws, subscriber.queue_url, [outgoing])
        if sent.id is None:
            raise OpsError(f"SQS refused {outgoing.key} ({sent.refusal}); {done} were sent: run it again to go on")
        journal.write(SENT, **told, **{"as": sent.id})
        done += 1
    return done, skipped


def _checked(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        raise Unusable(f"{where}: not JSON; nothing was sent") from None
    if not isinstance(value, dict) or not value.keys() >= _KEYS or not isinstance(value["attributes"], dict):
        raise Unusable(f"{where}: expected a line of fanout dead export, with {', '.join(sorted(_KEYS))}")
    return value


def _written(value: Mapping[str, Any]) -> dict[str, Any]:
    binary = value.get("BinaryValue")
    return {**value, "BinaryValue": base64.b64encode(binary).decode()} if isinstance(binary, bytes) else dict(value)


def _restored(value: Mapping[str, Any]) -> dict[str, Any]:
    binary = value.get("BinaryValue")
    return {**value, "BinaryValue": base64.b64decode(binary)} if isinstance(binary, str) else dict(value)


def _on_disk(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())
