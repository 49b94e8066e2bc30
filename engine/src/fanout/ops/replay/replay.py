"""One replay from its options to its plan: which file, whether an earlier run is gone on with, and the counting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fanout.contracts.app import app_contracts
from fanout.contracts.contract import Contracts
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.interrupt import Stop
from fanout.ops.journal import home
from fanout.ops.redrive.report import Report, not_too_often
from fanout.ops.replay.archive import Archive, lacking
from fanout.ops.replay.checking import Checker, Task
from fanout.ops.replay.estimate import Estimate, estimate
from fanout.ops.replay.listing import list_into
from fanout.ops.replay.plan import LISTED, SENDING, SENT, Plan
from fanout.ops.replay.selection import Selection, name_of

FRESH: Final = timedelta(hours=1)
"""What was counted longer ago is counted anew, if nothing of it was sent: events were lost, and done, since."""
UNFINISHED: Final = timedelta(days=1)
"""The same of a count that was cut."""


@dataclass(frozen=True)
class Replay:
    """`began`: when its plan was begun, by AWS's clock; `is_continued`: an earlier run has sent some of it; `counted`: when one
    had counted all of it."""

    subscriber: DeployedSubscriber
    archive: Archive
    contracts: Contracts
    plan: Plan
    selection: Selection
    began: datetime
    is_continued: bool
    counted: datetime | None
    task: Task

    @property
    def retention(self) -> int:
        """Seconds for which the queue keeps a message."""
        return self.task.retention

    def count(self, stack: Stack, rate: float, report: Report, stop: Stop) -> Estimate | None:
        """Lists and checks what is left to list and check; None when it was asked to stop."""
        task, archive, plan, told = self.task, self.archive, self.plan, not_too_often(report)
        if not plan.fact("listed"):
            list_into(plan, archive, self.selection, self.began, lambda n: told(f"listed: {n} objects", 0, 0), stop)
            if stop:
                return None
            plan.set(listed=True)
        counts = plan.counts()
        total, left = sum(counts.values()), counts.get(LISTED, 0)
        done = total - left

        def checked(more: int) -> None:
            nonlocal done
            done += more
            told(f"checked: {done} of {total}", done, total)

        Checker(plan, archive, task, self.selection, self.contracts, self.began).check(checked, stop)
        if stop:
            return None
        if self.counted is None:
            plan.set(counted=archive.now().isoformat())
        return estimate(plan, task, archive.bucket, lacking(stack, archive.bucket), rate)


@contextmanager
def planned(
    stack: Stack,
    subscriber: DeployedSubscriber,
    archive: Archive,
    asked: dict[str, Any],
    select: Callable[[datetime], Selection],
    *,
    fresh: bool,
) -> Iterator[Replay]:
    """The plan of these options, as far as an earlier run of them has come. `asked`: the options that make it another plan."""
    contracts = app_contracts()
    name = name_of(subscriber.task, {**asked, "bucket": archive.bucket})
    path = home() / f"replay.{stack.account}.{stack.region}.{stack.name}.{subscriber.task}.{name}.db"
    now = archive.now()
    with Plan.open(path) as plan:
        counts = plan.counts()
        is_continued = bool(counts.get(SENT) or counts.get(SENDING))
        began, counted = (_moment(plan.fact(each)) for each in ("began", "counted"))
        if began is None or fresh or (not is_continued and _is_old(now, began, counted)):
            plan.clear()
            is_continued, counted = False, None
            chosen = select(now)
            plan.set(began=now.isoformat(), selection=chosen.as_dict())
        chosen = Selection.from_dict(plan.need("selection"))
        yield Replay(
            subscriber,
            archive,
            contracts,
            plan,
            chosen,
            datetime.fromisoformat(plan.need("began")),
            is_continued,
            counted,
            Task.of(stack, subscriber, contracts),
        )


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _is_old(now: datetime, began: datetime, counted: datetime | None) -> bool:
    return now - (counted or began) > (FRESH if counted else UNFINISHED)
