"""Redrives and drops that pages began: each is a dry run first, which freezes what it is about, and then is carried out.

What is going on is known here; how far anything came stands in the journal, so that a reload, another operator's page and a
console that was killed and started again tell the same, and what was begun can be continued.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.console.dead.chosen import Filter
from fanout.console.work import Work
from fanout.errors import OpsError, UserError
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.completeness import Completeness
from fanout.ops.dead_letters.browse import VISIBILITY
from fanout.ops.dead_letters.drop import Drop
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.journal import Journal
from fanout.ops.redrive import preview
from fanout.ops.redrive.frozen import Exactly, Frozen, freeze, thawed
from fanout.ops.redrive.held import held, is_held
from fanout.ops.redrive.runner import Plan
from fanout.ops.redrive.stories import Stories, Story
from fanout.ops.redrive.written import COMMAND as REDRIVE
from fanout.ops.redrive.written import END, asked_by, carry_out, open_journal, write_frozen
from fanout.words import counted

DROP: Final = "dead drop"
FREEZING, CUT, READY, RUNNING, ELSEWHERE, INTERRUPTED, ENDED = (
    "freezing",
    "cut",
    "ready",
    "running",
    "elsewhere",
    "interrupted",
    "ended",
)


@dataclass(frozen=True)
class Options:
    """As the command line has them."""

    canary: bool = True
    rate: float = 50.0
    stop_after: int = 5
    lease: int = VISIBILITY
    force: bool = False


class Healing:
    """Of one console. Safe in threads."""

    def __init__(
        self, stack: Callable[[], Stack], stories: Stories, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._find, self.stories, self._changed = stack, stories, changed
        self._lock = threading.Lock()
        self._freezing: dict[str, Work[None]] = {}
        self._running: dict[str, Work[None]] = {}

    @property
    def _stack(self) -> Stack:
        return self._find()

    def freeze(self, tasks: Sequence[str], chosen: Filter, command: str = REDRIVE, person: str = "") -> str:
        """Begins a dry run over `tasks`, and says its number; `person` is who a proxy says that it is. Raises OpsError where it cannot."""
        subscribers = [each for task in tasks for each in self._stack.with_letters(task)]
        if not subscribers:
            raise OpsError("no dead letter is chosen: look again")
        names = [each.task for each in subscribers]
        journal = open_journal(self._stack, names, chosen.selection(), dry_run=True, command=command, person=person)

        def look(work: Work[None]) -> None:
            seen = dict.fromkeys(names, 0)

            def one(subscriber: DeployedSubscriber) -> None:
                def told(count: int) -> None:
                    if work.stop:
                        raise OpsError("the console was ended before the look was")
                    seen[subscriber.task] = count
                    work.said = f"{sum(seen.values()):,} dead letters looked at"

                write_frozen(journal, subscriber, self._frozen(subscriber, chosen, journal, told))

            with ThreadPoolExecutor(4) as pool:
                list(pool.map(one, subscribers))

        with self._lock:
            self._freezing[journal.run] = Work(look).start()
        return journal.run

    def begin(self, dry: str, options: Options, reason: str = "", person: str = "") -> None:
        """Carries a dry run out, or goes on with it; nothing, where it is being carried out. Raises OpsError."""
        story = self.stories.story(dry)
        if story is None:
            raise OpsError(f"no dry run {dry} is in the journal {self.stories.path}")
        with self._lock:
            work = self._running.get(dry)
            if work is not None and not work.is_over:
                return
            if is_held(dry):
                raise OpsError(f"another program carries {dry} out at this moment: look at it there")

            def go(work: Work[None]) -> None:
                try:
                    self._carry_out(story, options, reason, person, work)
                finally:
                    self._changed()

            self._running[dry] = Work(go).start()

    def stop(self, dry: str) -> bool:
        """Asks it to stop, as Ctrl-C does; False where it is not carried out here."""
        work = self.work(dry)
        if work is None or work.is_over:
            return False
        work.stop.asked = True
        return True

    def work(self, dry: str) -> Work[None] | None:
        """What this console does with it, or did last."""
        with self._lock:
            return self._running.get(dry) or self._freezing.get(dry)

    def state(self, story: Story) -> str:
        dry = story.dry.id
        with self._lock:
            freezing, running = self._freezing.get(dry), self._running.get(dry)
        if running is not None and not running.is_over:
            return RUNNING
        if freezing is not None and not freezing.is_over:
            return FREEZING
        if is_held(dry):
            return ELSEWHERE
        if len(story.selected) < len(story.dry.told.get("tasks") or [0]):
            return CUT
        if not story.runs:
            return READY
        last = [
            story.of(each.task) for each in story.selected
        ]  # of each task: who was killed before may have been gone on with
        return INTERRUPTED if any(each is not None and each.end is None for each in last) else ENDED

    def close(self, patience: float = 20.0) -> None:
        """What was begun is finished, and what is left stays: the journal knows both."""
        with self._lock:
            works = [*self._running.values(), *self._freezing.values()]
        for each in works:
            each.stop.asked = True
        for each in works:
            each.wait(patience)

    def _frozen(
        self, subscriber: DeployedSubscriber, chosen: Filter, journal: Journal, told: Callable[[int], None]
    ) -> Frozen:
        """One task's trouble is its own."""
        try:
            if journal.command == REDRIVE:
                subscriber.target  # noqa: B018 - a delivery has none, which is said before anything is looked at
            return freeze(subscriber, chosen.selection(), journal, seen=told)
        except (UserError, ClientError, BotoCoreError) as error:
            return Frozen(completeness=Completeness((one_line(error),)))

    def _carry_out(self, story: Story, options: Options, reason: str, person: str, work: Work[None]) -> None:
        """Task by task; what stops one says nothing of the next."""
        problems = []
        for each in story.selected:
            if work.stop:
                break
            try:
                (subscriber,) = self._stack.with_letters(each.task)
                if story.dry.command == DROP:
                    self._drop(story.dry.id, subscriber, reason, person, work)
                else:
                    self._redrive(story.dry.id, subscriber, options, person, work)
            except (UserError, ClientError, BotoCoreError) as error:
                problems.append(f"{each.task}: {one_line(error)}")
        if problems:
            raise OpsError("; ".join(problems))

    def _redrive(
        self, dry: str, subscriber: DeployedSubscriber, options: Options, person: str, work: Work[None]
    ) -> None:
        if not len(thawed(subscriber, Journal.of(self._stack), dry)):
            return
        preview.refuse_if_unsafe(subscriber, force=options.force)
        journal = open_journal(
            self._stack,
            [subscriber.task],
            Selection(),
            frozen=dry,
            canary=options.canary,
            rate=options.rate,
            person=person,
        )
        plan = Plan(
            Selection(),
            options.canary,
            options.rate,
            stop_after=options.stop_after,
            visibility=options.lease,
            force=options.force,
        )
        work.done = work.total = 0

        def report(line: str, done: int = 0, total: int = 0) -> None:
            work.report(f"{subscriber.task}: {line}", done, total)

        carry_out(subscriber, journal, plan, thawed(subscriber, journal, dry), report, work.stop, of=dry)

    def _drop(self, dry: str, subscriber: DeployedSubscriber, reason: str, person: str, work: Work[None]) -> None:
        frozen = thawed(subscriber, Journal.of(self._stack), dry)
        if not len(frozen):
            return
        with held(dry):
            journal = Journal.open(
                self._stack, DROP, task=subscriber.task, frozen=dry, reason=reason, **asked_by(person)
            )
            work.said = f"{subscriber.task}: {counted(len(frozen), 'dead letter')} are dropped, each into a file first"
            try:
                dropped = Drop(self._stack, subscriber, Exactly(frozen), journal, reason).run(work.stop)
            except (UserError, ClientError, BotoCoreError) as error:
                journal.write(END, task=subscriber.task, stopped=one_line(error), unseen=[])
                raise
            unseen = list(dropped.completeness.unseen)
            told = {
                "dropped": dropped.count,
                "left": dropped.left,
                "perhaps_dropped": dropped.unsure,
                "file": str(dropped.file) if dropped.file else None,
            }
            stopped = dropped.stopped or ("you asked to stop: the rest stays" if work.stop else None)
            journal.write(END, task=subscriber.task, stopped=stopped, unseen=unseen, **told)
