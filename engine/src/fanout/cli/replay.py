"""`fanout replay`: archived events to one task's queue, and to no other."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from fanout.aws_errors import one_line
from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm, connect
from fanout.cli.options import DryRun, Json, Task, Yes, own_names
from fanout.cli.output import console, errors, report_to, say_json
from fanout.cli.replay_report import print_estimate, print_result
from fanout.contracts.app import known_contracts
from fanout.errors import Unusable
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.ops.replay.archive import Archive
from fanout.ops.replay.estimate import Estimate
from fanout.ops.replay.permission import (
    backfill_days,
    note_backfill,
    paused,
    refuse_if_not_replayable,
    refuse_if_too_slow,
)
from fanout.ops.replay.replay import Replay, planned
from fanout.ops.replay.runner import Pace, ReplayRun
from fanout.ops.replay.selection import Selection
from fanout.words import counted


@aws_command
def replay(
    target: Target,
    task: Task,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The events' own time in UTC: 2026-11-01, or a moment.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day, or the moment before which; else now.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", *own_names(known_contracts().group_names), metavar="NAME", help="One group of the contract."
        ),
    ] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", metavar="TYPE", help="One type of event.")] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only what the task never settled: not done, not dead.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="What it has done, too: its effects happen again.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why --again: it is kept.")] = None,
    backfill: Annotated[bool, typer.Option("--backfill", help="As far back as its Subscriber says, once.")] = False,
    bucket: Annotated[
        str | None, typer.Option("--bucket", metavar="NAME", help="The archive; else the stack's output says it.")
    ] = None,
    rate: Annotated[float, typer.Option(metavar="N", help="Messages a second.", min=0.1, max=10_000)] = 50.0,
    patience: Annotated[float, typer.Option(metavar="SECONDS", help="Wait so long for outcomes.", min=1)] = 120.0,
    stop_after: Annotated[int, typer.Option(metavar="N", help="So many that fail stop the rest.", min=1)] = 5,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Count anew, whatever an earlier run has counted or sent.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Send archived events to one task's queue, and to no other: counted first, then one as a canary, then ever more.

    Run it again to go on after a stop, even a kill. Exit status 1: something failed, has no outcome, or is not known.
    """
    stack = connect(target)
    stack.require_deployed("fanout replay")
    subscriber = stack.subscriber(task)
    refuse_if_not_replayable(subscriber)
    begin = _begin(subscriber, since, backfill=backfill, other=bool(until or missing or again))
    options: dict[str, Any] = {
        "group": group,
        "types": type_ or [],
        "missing": missing,
        "again": again,
        "reason": reason,
    }
    asked = {**options, "from": "backfill" if backfill else begin, "to": until}
    archive = Archive.of(stack, bucket)
    with planned(
        stack, subscriber, archive, asked, lambda now: Selection.from_options(begin, until, now, **options), fresh=fresh
    ) as made:
        command = _Command(stack, made, Pace(rate, patience, stop_after), backfill, yes, as_json)
        return command.count() if dry_run else command.run()


def _begin(subscriber: DeployedSubscriber, since: str | None, *, backfill: bool, other: bool) -> str:
    """The day from which on. Raises Unusable."""
    if not backfill:
        if since is None:
            raise Unusable("from when on? --from 2026-11-01")
        return since
    if since or other:
        raise Unusable("--backfill says from when on: leave out --from, --to, --missing and --again")
    return (datetime.now(UTC) - timedelta(days=backfill_days(subscriber))).date().isoformat()


@dataclass(frozen=True)
class _Command:
    stack: Stack
    made: Replay
    pace: Pace
    backfill: bool
    yes: bool
    as_json: bool

    @property
    def task(self) -> str:
        return self.made.subscriber.task

    def count(self) -> int:
        """A dry run."""
        found = self._counted(self._journal(dry_run=True))
        if found is None:
            return INTERRUPTED
        if not self.as_json:
            console.print("nothing was sent")
        return self._nothing(found)

    def run(self) -> int:
        journal = self._journal(dry_run=False)
        found = self._counted(journal)
        if found is None:
            return INTERRUPTED
        if not found.to_send:
            self._over(found.sent)
            return self._nothing(found)
        refuse_if_too_slow(found, self.made.retention)
        waits = paused(self.made.subscriber)
        if waits:
            errors.print(f"{waits}: what is sent waits in its queue, for {self.made.retention // 86_400} days at most")
        confirm(self._question(found), yes=self.yes)
        again_from = self.made.began.timestamp() if self.made.selection.again else None
        with stoppable() as stop, report_to(self._told) as report:
            pace = replace(self.pace, watch=not waits, again_from=again_from)
            try:
                result = ReplayRun(self.made, pace, report, stop).run()
            except (ClientError, BotoCoreError) as error:
                journal.write("end", task=self.task, stopped=one_line(error), sent=0)
                raise
        journal.write("end", task=self.task, stopped=result.stopped, **result.counts)
        if not result.counts["not_sent"]:
            self._over(result.counts["sent"] + result.counts["sent_before"])
        if self.as_json:
            more = {"stopped": result.stopped, "took": round(result.seconds, 1)}
            say_json({**found.as_dict(), **self._counted_before, **result.counts, **more})
        else:
            print_result(result)
        return INTERRUPTED if stop else int(result.stopped is not None or not found.completeness)

    def _journal(self, *, dry_run: bool) -> Journal:
        facts = {"task": self.task, "queue": self.made.subscriber.queue_name, "plan": self.made.plan.path.name}
        return Journal.open(self.stack, "replay", **facts, dry_run=dry_run, **self.made.selection.as_dict())

    def _counted(self, journal: Journal) -> Estimate | None:
        with stoppable() as stop, report_to(self._told) as report:
            found = self.made.count(self.stack, self.pace.rate, report, stop)
        if found is None:
            errors.print("stopped while counting: run it again to go on")
            return None
        journal.write("counted", task=self.task, to_send=found.to_send, listed=found.listed, stay=found.stay)
        if not self.as_json:
            print_estimate(found, self.made)
        return found

    def _nothing(self, found: Estimate) -> int:
        if self.as_json:
            say_json({**found.as_dict(), **self._counted_before})
        return int(not found.completeness)

    @property
    def _counted_before(self) -> dict[str, Any]:
        return {"counted_before": self.made.counted}

    def _over(self, sent: int) -> None:
        """All is sent: the journal knows how many, and the plan is of no more use."""
        self.made.plan.remove()
        if self.backfill:
            note_backfill(self.made.subscriber, self.made.began, sent)

    def _question(self, found: Estimate) -> str:
        again = f", {found.again} of which it has done before," if found.again else ""
        fifo = self.made.subscriber.is_fifo
        order = "; live events come between them, so order holds among the replayed only" if fifo else ""
        many = f"{counted(found.to_send, 'event')}{again}"
        where = f"{found.task} of {self.stack.label} and to no other task"
        return f"send {many} to {where}, at {found.rate:g} a second{order}?"

    @property
    def _told(self) -> Console:
        return errors if self.as_json else console
