"""What was done, by whom, to which message: append-only JSON Lines on the operator's machine, never a body.

One file per account, region and stack in $FANOUT_HOME, else in ~/.local/state/fanout. A line is on the disk, whole, before
the next step begins, so after a kill the journal knows what SQS was told. What cannot be written ends the command with one
line, before the step. Several programs may append at once: each write is made under a lock, on a file opened for appending.
"""

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters.message import DeadLetterMessage

Key = TypeVar("Key")
SENDING, SENT, DELETED, NOT_SENT = "sending", "sent", "deleted", "not sent"
_LOCK_SECONDS: Final = 20.0
"""A lock is held for one write and one fsync."""
_ONE_AT_A_TIME: Final = threading.Lock()
"""Of this program's threads; programs wait for each other's lock of the file."""
_encoded: Final = json.JSONEncoder(separators=(",", ":")).encode


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
    def open(cls, stack: Stack, command: str, **told: Any) -> "Journal":
        """Locked and written to at once (`begin`): a disk that takes nothing is told before a question is asked."""
        journal = cls(cls.of(stack).path, stack.aws.caller, command)
        with _one_line(journal.path):
            journal.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal.write("begin", **told)
        return journal

    @classmethod
    def of(cls, stack: Stack) -> "Journal":
        """To read what was done before: nobody is asked who this is, and nothing is written."""
        return cls(home() / f"{stack.account}.{stack.region}.{stack.name}.jsonl", "", "")

    def write(self, step: str, **told: Any) -> None:
        """Raises OpsError when it is not on the disk as a whole."""
        self.write_all([{"step": step, **told}])

    def write_all(self, lines: Iterable[dict[str, Any]]) -> None:
        """All of them with one fsync. Raises OpsError when they are not on the disk as a whole."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        head = {"at": at, "run": self.run, "command": self.command, "who": self.who, "operator": self.operator}
        begin = f"{_encoded(head)[:-1]},"
        text = "".join(f"{begin}{_encoded(line)[1:]}\n" for line in lines)
        if not text:
            return
        with _ONE_AT_A_TIME, _one_line(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _lock(descriptor)
                _append(descriptor, text.encode())
            finally:
                os.close(descriptor)

    def read(self) -> Iterator[dict[str, Any]]:
        """Every line that is a JSON object; a kill or a full disk may have cut one. Raises OpsError."""
        with _one_line(self.path), suppress(FileNotFoundError, NotADirectoryError), self.path.open("rb") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(line, dict):
                    yield line

    def unfinished(self, queue: str) -> "Unfinished":
        """Of the messages of the dead-letter queue `queue`: what earlier runs sent, and began with and did not finish."""
        lines = (line for line in self.read() if line.get("queue") == queue)
        return Unfinished(*sent_and_unsure(lines, lambda line: str(line.get("letter"))))

    def moved(self, queue: str) -> set[str]:
        """The ids of the letters that are gone from the dead-letter queue `queue`, as they were sent back or dropped."""
        steps = (DELETED, "dropped")
        return {
            str(line.get("letter")) for line in self.read() if line.get("queue") == queue and line.get("step") in steps
        }

    def redriven(self, queue: str) -> "Redriven":
        """What was sent back out of the dead-letter queue `queue` before, by redrive or edit."""
        lines = [line for line in self.read() if line.get("queue") == queue and line.get("step") == SENT]
        return Redriven(
            {str(line["as"]) for line in lines if "as" in line},
            {line["event_id"] for line in lines if isinstance(line.get("event_id"), str)},
        )

    def frozen(self, run: str, queue: str) -> tuple[str, ...] | None:
        """The ids of the letters that the dry run `run` saw in `queue`; None when there was no such run."""
        ids: list[str] | None = None
        for line in self.read():
            if line.get("step") == "frozen" and line.get("run") == run and line.get("queue") == queue:
                letters = line.get("letters")
                ids = (ids or []) + [str(each) for each in letters] if isinstance(letters, list) else ids
        return None if ids is None else tuple(ids)


@dataclass(frozen=True)
class Unfinished:
    """`sent`: in its task's queue already (as which message); `unsure`: perhaps sent.

    What was deleted stays among `sent`: its id never dies again, and SQS may, rarely, show a deleted message once more.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
    """

    sent: dict[str, str]
    unsure: set[str]


@dataclass(frozen=True)
class Redriven:
    """By the id that a message was sent as, and by its event's."""

    messages: set[str]
    events: set[str]

    def __contains__(self, message: DeadLetterMessage) -> bool:
        return bool({message.message_id, message.died_as} & self.messages) or message.event_id in self.events


def about(message: DeadLetterMessage, **more: Any) -> dict[str, Any]:
    """What a line says of a message."""
    return {
        "letter": message.message_id,
        "event_id": message.event_id,
        "before": message.hash,
        **{name: value for name, value in more.items() if value is not None},
    }


def sent_and_unsure(
    lines: Iterable[dict[str, Any]], key: Callable[[dict[str, Any]], Key]
) -> tuple[dict[Key, str], set[Key]]:
    """What was sent, as which message, and what some run began to send and never told the end of; `key` is of what a line tells."""
    sent: dict[Key, str] = {}
    sending: dict[Key, set[str]] = {}
    for line in lines:
        match line.get("step"):
            case "sending":
                sending.setdefault(key(line), set()).add(str(line.get("run")))
            case "sent":
                sending.pop(key(line), None)
                sent[key(line)] = str(line.get("as"))
            case "deleted":
                sending.pop(key(line), None)
            case "not sent":  # by this run: what an earlier one began with may still have been taken
                sending.get(key(line), set()).discard(str(line.get("run")))
    return sent, {each for each, runs in sending.items() if runs}


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OpsError(
            f"the journal {path} cannot be used ({error.strerror or error}): nothing goes on without it; mend that, or set"
            f" {names.HOME} to another folder"
        ) from None


def _lock(descriptor: int) -> None:
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise OSError(f"another program has held its lock for {_LOCK_SECONDS:g} s") from None
            time.sleep(0.05)
        else:
            return


def _append(descriptor: int, data: bytes) -> None:
    """All of it, after the end of whatever a kill or a full disk cut."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        data = b"\n" + data
    while data:
        written = os.write(descriptor, data)
        if not written:
            raise OSError("nothing more is written")
        data = data[written:]
    os.fsync(descriptor)
