"""A redrive that is carried out and written down: what was frozen, how far it came, what failed again, and its end.

The command line and the console call the same functions, so that either can tell what the other did, and go on with it.
"""

from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws.line import Line
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.frozen import Frozen
from fanout.ops.redrive.held import held
from fanout.ops.redrive.report import Report
from fanout.ops.redrive.runner import Plan, RedriveRun, Result

COMMAND: Final = "dead redrive"
FROZEN, TOLD, FAILED_AGAIN, DONE_AFTER_ALL, END = "frozen", "told", "failed again", "done after all", "end"


def open_journal(
    stack: Stack,
    tasks: Sequence[str],
    given: Selection,
    *,
    frozen: str | None = None,
    canary: bool = True,
    rate: float = 50.0,
    dry_run: bool = False,
    command: str = COMMAND,
    person: str = "",
) -> Journal:
    """`frozen` is the dry run whose letters it is about. Raises OpsError where nothing can be written."""
    of = {"task": tasks[0]} if len(tasks) == 1 else {"tasks": list(tasks)}
    facts = {"selection": given.as_dict(), "frozen": frozen, "canary": canary, "rate": rate, "dry_run": dry_run}
    return Journal.open(stack, command, **of, **facts, **asked_by(person))


def asked_by(person: str) -> dict[str, str]:
    """Who a console's proxy says that it is, beside whose credentials these are; nothing at a shell."""
    return {"person": person} if person else {}


def write_frozen(journal: Journal, subscriber: DeployedSubscriber, frozen: Frozen) -> None:
    """What `thawed` reads, and what there is to say of it."""
    journal.write(
        FROZEN,
        task=subscriber.task,
        queue=subscriber.dead_letter_queue_name,
        letters=list(frozen.ids),
        causes=[{"cause": each.id, "why": str(each), "count": number} for each, number in frozen.causes.items()],
        redriven=frozen.redriven,
        cannot_be_read=len(frozen.unread),
        unseen=list(frozen.completeness.unseen),
    )


def carry_out(
    subscriber: DeployedSubscriber,
    journal: Journal,
    plan: Plan,
    frozen: Frozen,
    report: Report,
    stop: Stop,
    *,
    of: str | None = None,
) -> Result:
    """`of` is the dry run, if there was one: one program at a time carries it out.

    What AWS refuses before anything is moved is written, and raised.
    """
    with held(of or journal.run):
        told = _Written(subscriber, journal, report)
        run = RedriveRun(subscriber, journal, plan, frozen, told, stop)
        told.run = run
        try:
            result = run.run()
        except (ClientError, BotoCoreError) as error:
            told.outcomes()
            journal.write(END, task=subscriber.task, stopped=one_line(error), unseen=[])
            raise
        told.outcomes()
        unseen = list(result.completeness.unseen)
        journal.write(END, task=subscriber.task, stopped=result.stopped, unseen=unseen, **result.counts)
        return result


class _Written:
    """A report whose whole lines are journalled as well, with what failed again since the line before."""

    def __init__(self, subscriber: DeployedSubscriber, journal: Journal, report: Report) -> None:
        self.run: RedriveRun | None = None
        self._subscriber, self._journal, self._report = subscriber, journal, report
        self._failed: dict[str, Line] = {}

    def __call__(self, line: str, done: int = 0, total: int = 0) -> None:
        self._report(line, done, total)
        self.outcomes()
        if not total:
            self._journal.write(TOLD, task=self._subscriber.task, line=line)

    def outcomes(self) -> None:
        """What failed for the first time, and what is done although it had failed."""
        now = {each.message_id: each for each in self.run.watcher.failed} if self.run else {}
        new = [self._told(FAILED_AGAIN, each) for id_, each in now.items() if id_ not in self._failed]
        gone = [self._told(DONE_AFTER_ALL, each) for id_, each in self._failed.items() if id_ not in now]
        self._failed = now
        self._journal.write_all([*new, *gone])

    def _told(self, step: str, line: Line) -> dict[str, Any]:
        why = {"error_type": line.error_type, "error": line.error, "attempt": line.attempt}
        of = {"task": self._subscriber.task, "queue": self._subscriber.dead_letter_queue_name}
        return {"step": step, **of, "as": line.message_id, "event_id": line.event_id, **why}
