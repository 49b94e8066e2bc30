"""What was done, by whom, to which message: append-only JSON Lines on the operator's machine, never a body.

One file per account, region and stack in $FANOUT_HOME, else in ~/.local/state/fanout. A line is on the disk before the
next step begins, so after a kill the journal knows what SQS was told. Several programs may append at once: each write
is one call on a file opened for appending.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fanout import names
from fanout.ops.aws.discovery import Stack
from fanout.ops.dead_letters.message import DeadLetterMessage

SENDING, SENT, DELETED = "sending", "sent", "deleted"


def home() -> Path:
    """$FANOUT_HOME, else the folder for state: https://specifications.freedesktop.org/basedir-spec/latest/"""
    if chosen := os.environ.get(names.HOME):
        return Path(chosen)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "fanout"


def operator() -> str:
    """Who sits here, beside whose credentials these are."""
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or str(os.getuid())
    return f"{user}@{os.uname().nodename}"


@dataclass
class Journal:
    """`run` is this command's own id, the same on each of its lines."""

    path: Path
    who: str
    command: str
    operator: str = field(default_factory=operator)
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @classmethod
    def open(cls, stack: Stack, command: str) -> "Journal":
        folder = home()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{stack.account}.{stack.region}.{stack.name}.jsonl"
        return cls(path, stack.aws.caller, command)

    def write(self, step: str, **told: Any) -> None:
        self.write_all([{"step": step, **told}])

    def write_all(self, lines: Iterable[dict[str, Any]]) -> None:
        """All of them with one write and one fsync."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        head = {"at": at, "run": self.run, "command": self.command, "who": self.who, "operator": self.operator}
        text = "".join(json.dumps({**head, **line}, separators=(",", ":")) + "\n" for line in lines)
        if not text:
            return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[dict[str, Any]]:
        """Every line that is whole: a kill may have cut the last one."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield line

    def unfinished(self, queue: str) -> "Unfinished":
        """Of the messages of the dead-letter queue `queue`: what an earlier run began with and did not finish."""
        sent: dict[str, str] = {}
        sending: set[str] = set()
        for line in self.read():
            if line.get("queue") != queue:
                continue
            id_ = str(line.get("letter"))
            match line.get("step"):
                case "sending":
                    sending.add(id_)
                case "sent":
                    sending.discard(id_)
                    sent[id_] = str(line.get("as"))
                case "deleted" | "not sent":
                    sending.discard(id_)
                    sent.pop(id_, None)
        return Unfinished(sent, sending)


@dataclass(frozen=True)
class Unfinished:
    """`sent`: in its task's queue already (as which message), its message not deleted yet; `unsure`: perhaps sent."""

    sent: dict[str, str]
    unsure: set[str]


def about(message: DeadLetterMessage, **more: Any) -> dict[str, Any]:
    """What a line says of a message."""
    return {
        "letter": message.message_id,
        "event_id": message.event_id,
        "before": message.hash,
        **{name: value for name, value in more.items() if value is not None},
    }
