"""Dead-letter messages as JSON Lines, out of the queue into a file that only its owner can read: it holds answers.

A pass holds what it has read, so that nothing comes twice; what it may hold grows with the queue, up to 100,000 messages for
an hour. Nothing is deleted. In a FIFO queue SQS shows ten of a group and no more until these are deleted: a file of all of
such a group is what `fanout dead drop` makes, and `fanout dead import` sends it back.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final

from fanout.errors import OpsError, Unusable
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.line import dumped, record
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal, home

COMMAND: Final = "dead export"
MOST: Final = 100_000
"""SQS lets 120,000 messages of a standard queue be in flight.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
_LONGEST: Final = 3_600
_SECONDS_OF_TEN: Final = 0.25


def export(stack: Stack, subscriber: DeployedSubscriber, path: Path, stop: Stop) -> tuple[int, Completeness]:
    """Every message that can be seen into a new file, each once; how many, and what was not seen."""
    url = subscriber.dead_letter_queue_url
    depth = browse.read_depth(stack.aws, url).all
    visibility = min(_LONGEST, browse.VISIBILITY + int(depth / browse.TEN * _SECONDS_OF_TEN))
    with new_file(path) as file, _look(stack, url, visibility) as browsing:
        for page in browsing.pages():
            append(file, stack, subscriber, page)
            if stop:
                break
    stopped = Completeness(("what came after you asked to stop",)) if stop else browsing.completeness
    return browsing.seen, stopped


def _look(stack: Stack, url: str, visibility: int) -> AbstractContextManager[browse.Browse]:
    return browse.browse(stack.aws, url, limit=MOST, visibility=visibility)


def open_export(
    stack: Stack, subscriber: DeployedSubscriber, reason: str, to: Path | None = None
) -> tuple[Journal, Path]:
    """Where it goes, else beside the journal, which says so first. Raises OpsError."""
    journal = Journal.open(stack, COMMAND, task=subscriber.task)
    path = to or default_path(subscriber.task, "exported", journal.run)
    journal.write("revealed", task=subscriber.task, file=str(path), reason=reason)
    return journal, path


def export_written(
    stack: Stack, subscriber: DeployedSubscriber, path: Path, journal: Journal, stop: Stop
) -> tuple[int, Completeness]:
    """As `export`, and the journal says how it ended."""
    count, completeness = export(stack, subscriber, path, stop)
    whole = bool(completeness)
    journal.write("exported", task=subscriber.task, file=str(path), count=count, complete=whole)
    return count, completeness


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """Never over another file. Raises Unusable when there can be none, OpsError when the disk takes no more."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Unusable(f"{path} exists already: give another name") from None
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            _on_disk(file)
    except OSError as error:
        raise OpsError(
            f"{path} cannot be written ({error.strerror or error}): what it has is whole up to its last line, and"
            " nothing was deleted that is not in it"
        ) from None


def append(file: IO[str], stack: Stack, subscriber: DeployedSubscriber, messages: Sequence[DeadLetterMessage]) -> None:
    """On the disk when this returns."""
    file.writelines(dumped(record(stack, subscriber, each)) for each in messages)
    _on_disk(file)


def default_path(task: str, what: str, run: str) -> Path:
    return home() / f"{what}-{task}-{run}.jsonl"


def _on_disk(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())
