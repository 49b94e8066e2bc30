"""A redrive in words, for whoever asks or tells: the command line and the console."""

from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.redrive.frozen import Frozen
from fanout.ops.redrive.runner import Result
from fanout.words import counted

_MORE = (
    ("no_outcome_yet", "without an outcome so far"),
    ("not_handled", "of the chosen not handled: untouched, or gone by another hand"),
    ("deleted_only", "sent by an earlier run, and deleted now"),
    ("perhaps_twice", "perhaps sent twice (an earlier run was killed): a task with fanout.runtime skips the second"),
    ("letters_left_behind", "sent, but their dead letters could not be deleted: the next redrive does"),
)


def question(stack: Stack, subscriber: DeployedSubscriber, frozen: Frozen, rate: float) -> str:
    """What must be answered by yes before anything is sent."""
    again = f", {frozen.redriven} of them redriven before," if frozen.redriven else ""
    least = "at least " if frozen.until else ""
    many = f"{least}{counted(len(frozen), 'dead letter')} of {subscriber.task}{again}"
    return f"send {many} of {stack.label} back to its queue, at {rate:g} a second?"


def line_of(counts: "dict[str, object]") -> str:
    """Of `Result.counts`, or of the same in a journal."""
    line = f"{counts.get('sent', 0)} sent back, {counts.get('seen_done', 0)} seen done"
    line += f", {counts.get('failed_again', 0)} failed again"
    return line + "".join(f", {counts[name]} {words}" for name, words in _MORE if counts.get(name))


def result_lines(result: Result) -> list[str]:
    """What was done, and then what is not well."""
    lines = [f"{line_of(result.counts)}; in {result.seconds:.1f} s"]
    if result.stopped:
        lines.append(f"stopped: {result.stopped}")
    if result.completeness.unseen:
        lines.append(f"not looked at: {'; '.join(result.completeness.unseen)}: run it again")
    return lines
