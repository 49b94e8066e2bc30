"""`fanout dead import`: the events of a file back to their tasks, each line once, whatever the file is called."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.errors import OpsError, Unusable
from fanout.ops.aws import tombstones
from fanout.ops.aws.lanes import LANES
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.line import Line, Origin, read_line
from fanout.ops.dead_letters.wrapped import json_value
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal, sent_and_unsure
from fanout.ops.send.journalled import send_written
from fanout.ops.send.queue import MOST_ENTRIES, OutgoingMessage

COMMAND: Final = "dead import"


@dataclass
class Imported:
    """`before`: sent by an earlier import, or twice in the file; `perhaps_twice`: an earlier one was killed while sending;
    `erased`: left out, as the data of their reference was erased; `stopped`: why the rest was not sent."""

    sent: int = 0
    before: int = 0
    perhaps_twice: int = 0
    erased: int = 0
    stopped: str | None = None


@dataclass
class ImportFile:
    """A file of `fanout dead export` or `drop`. `elsewhere`: lines of another stack are taken as well."""

    path: Path
    stack: Stack
    elsewhere: bool = False
    cut: int | None = field(default=None, init=False)
    """The number of a last line that a kill or a full disk cut: it is left out."""

    def lines(self) -> Iterator[tuple[DeployedSubscriber, Line]]:
        """Line by line, however long the file is. Raises Unusable, with the number of the line that is wrong."""
        try:
            with self.path.open("rb") as file:
                for number, raw in enumerate(file, start=1):
                    if raw.strip():
                        found = self._line(number, raw)
                        if found is not None:
                            yield found
        except (OSError, ValueError) as error:
            if isinstance(error, Unusable | OpsError):
                raise
            raise Unusable(f"{self.path} cannot be read: {getattr(error, 'strerror', None) or error}") from None

    def _line(self, number: int, raw: bytes) -> tuple[DeployedSubscriber, Line] | None:
        try:
            line = read_line(raw.decode("utf-8"))
        except UnicodeDecodeError:
            line = "it is not UTF-8"
        if isinstance(line, str):
            if not raw.endswith(b"\n"):
                self.cut = number
                return None
            raise Unusable(f"{self.path}, line {number}: {line}; nothing of the file may be sent")
        if line.task not in self.stack.tasks:
            raise Unusable(f"{self.path}, line {number}: {self.stack.name} has no task {line.task}")
        subscriber = self.stack.subscriber(line.task)
        subscriber.require_runtime("dead import")
        here = Origin.of(self.stack, subscriber)
        if line.origin != here and not self.elsewhere:
            whence = f"is from {line.origin}" if line.origin else "does not say where it is from"
            raise Unusable(
                f"{self.path}, line {number}: {whence}, and this is {here};"
                " --from-elsewhere --reason TEXT sends it all the same"
            )
        return subscriber, line


def import_messages(file: ImportFile, journal: Journal, stop: Stop) -> Imported:
    """Sends what this journal did not bring in before, request by request. What SQS does not take stops it, and is raised where
    nothing was sent."""
    done = Imported()
    try:
        _send(file, journal, stop, done)
    except (ClientError, BotoCoreError, OpsError) as error:
        if not done.sent:
            raise
        done.stopped = one_line(error)
    return done


def _send(file: ImportFile, journal: Journal, stop: Stop, done: Imported) -> None:
    known, begun = _by_earlier_imports(journal)
    for subscriber, lines in _portions(file, known, done):
        if stop:
            break
        lines = _without_erased(file.stack, subscriber, lines, done)
        done.perhaps_twice += sum(each.key in begun for each in lines)
        sending = send_written(
            file.stack.aws,
            subscriber.target,
            journal,
            [each.outgoing for each in lines],
            partial(_told, file, subscriber.task),
            lanes=LANES,
        )
        for answers in sending:
            refused = [each for each in answers if each.id is None]
            done.sent += len(answers) - len(refused)
            if refused:
                raise OpsError(f"SQS did not take {refused[0].outgoing.key} ({refused[0].refusal})")


def _without_erased(stack: Stack, subscriber: DeployedSubscriber, lines: list[Line], done: Imported) -> list[Line]:
    """Raises OpsError where it is not known whose data was erased."""
    of = [tombstones.references_of(json_value(each.outgoing.body)) for each in lines]
    erased = tombstones.erased(stack.aws, subscriber.records_table, set().union(*of))
    kept = [each for each, references in zip(lines, of, strict=True) if not references & erased]
    done.erased += len(lines) - len(kept)
    return kept


def _portions(
    file: ImportFile, known: set[tuple[str, ...]], done: Imported
) -> Iterator[tuple[DeployedSubscriber, list[Line]]]:
    """Lines of one task that stand together and were not sent before, as many as go at once."""
    portion: list[Line] = []
    of: DeployedSubscriber | None = None
    for subscriber, line in file.lines():
        if line.key in known:
            done.before += 1
            continue
        known.add(line.key)
        if of is not None and (of is not subscriber or len(portion) == LANES * MOST_ENTRIES):
            yield of, portion
            portion = []
        of = subscriber
        portion.append(line)
    if of is not None and portion:
        yield of, portion


def _by_earlier_imports(journal: Journal) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """Lines that were sent, and lines that an import began to send and never told the end of."""
    lines = (line for line in journal.read() if line.get("command") == COMMAND)
    sent, unsure = sent_and_unsure(
        lines, lambda line: tuple(str(line.get(name)) for name in ("task", "letter", "after"))
    )
    return {*sent}, unsure


def _told(file: ImportFile, task: str, outgoing: OutgoingMessage) -> dict[str, Any]:
    return {"task": task, "letter": outgoing.key, "file": file.path.name, "after": outgoing.hash}
