"""What no command can reach: said each time, so that nobody promises more than was done."""

from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters import browse
from fanout.ops.erase.wanted import Wanted
from fanout.ops.journal import home
from fanout.words import counted


@dataclass
class Here:
    """Files of this program on this machine: those `of_them` have dead letters of theirs in them; `unread` are lines."""

    of_them: list[Path] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def beyond(stack: Stack, here: Here, *, intake: bool, told: bool) -> list[str]:
    """`told`: the receivers get an event of the erasure."""
    lines = [
        "delivered mails, webhooks and whatever a task wrote elsewhere"
        + (": their owners get an event" if told else ": tell their owners, no event does"),
        _in_flight(stack),
        "the records of events, and log lines: they have ids only, and end by their own time",
        "exports and downloads of dead letters on other machines",
        "backups: point-in-time recovery and copies of buckets and tables keep what they have until it ends",
    ]
    if intake:
        lines.append("the stream of the intake's table: it has the stored entry for 24 hours")
    if names.ATTACHMENTS_BUCKET_OUTPUT in stack.outputs:
        lines.append(
            "the attachments' bucket: what was uploaded goes within two days by itself, and a copy of answers or of a file that a"
            " repeated try left behind ends with the bucket's keep_days"
        )
    return [*(f"{each} on this machine has it in it: delete it" for each in here.of_them), *lines]


def files_here(wanted: Wanted) -> Here:
    """What may not be read is told, as it may have anything in it."""
    found = Here()
    try:
        paths = sorted(each for each in home().iterdir() if each.suffix == ".jsonl")
    except FileNotFoundError:
        return found
    except OSError as error:
        found.unread.append(_not_read(home(), error))
        return found
    for path in paths:
        try:
            if path.is_file() and _has(path, wanted):
                found.of_them.append(path)
        except FileNotFoundError:  # gone since
            continue
        except OSError as error:
            found.unread.append(_not_read(path, error))
    return found


def _has(path: Path, wanted: Wanted) -> bool:
    """A journal has ids only, and is what proves the erasure."""
    with path.open("rb") as file:
        return any(b'"body"' in line and wanted.is_mentioned(line) for line in file)


def _not_read(path: Path, error: OSError) -> str:
    return (
        f"{path} on this machine was not looked into ({error.strerror or error}) and may have it in it: make it readable"
        " for you, and run it again"
    )


def _in_flight(stack: Stack) -> str:
    count = 0
    try:
        for each in stack.subscribers:
            count += browse.read_depth(stack.aws, each.queue_url).all if each.queue_url else 0
    except (ClientError, BotoCoreError):
        return "what waits in the tasks' queues, which nobody may look into: up to their retention"
    if not count:
        return "what is being worked on now: nothing waits in the tasks' queues"
    return f"{counted(count, 'message')} in the tasks' queues, up to their retention: run it again when they are empty"
