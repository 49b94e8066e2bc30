"""What the page of health is made of: each read by itself, so that one that cannot be read takes no other with it."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from botocore.exceptions import ClientError

from fanout.aws_errors import DENIED, code_of
from fanout.console.counts import MINUTES, Count
from fanout.console.faults import line_of
from fanout.costs.model import NOT_COUNTED, monthly
from fanout.ops.aws import alarms, logs
from fanout.ops.aws.stack import Stack, went_well
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.doctor.deployed import Deployed
from fanout.project import find_root

T = TypeVar("T")
MONTH = 30 * 24 * 60
"""Minutes."""
HEARTBEATS = timedelta(minutes=60)
_ENDED = ("_COMPLETE", "_FAILED")
"""What statuses of a stack end in that stay."""
_MOST_DEPLOYMENTS = 8
_RUNBOOK = "Runbook: "


@dataclass(frozen=True)
class Read(Generic[T]):
    """`problem`: why it was not read; then nothing is said of it."""

    value: T | None = None
    problem: str = ""


def read(ask: Callable[[], T]) -> Read[T]:
    try:
        return Read(ask())
    except Exception as error:
        return Read(problem=line_of(error))


@dataclass(frozen=True)
class Alarm:
    """`runbook` is a path and a heading, or an address."""

    name: str
    state: str
    says: str
    runbook: str
    why: str
    since: datetime | None


def alarms_of(stack: Stack) -> list[Alarm]:
    """Those that ring first."""
    found = [_alarm(each) for each in alarms.of_stack(stack.aws, stack.name) if alarms.is_for_people(each)]
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 1}
    return sorted(found, key=lambda each: (order.get(each.state, 2), each.name))


def _alarm(told: dict[str, Any]) -> Alarm:
    lines = str(told.get("AlarmDescription") or told["AlarmName"]).splitlines() or [""]
    runbook = next((line.removeprefix(_RUNBOOK) for line in lines if line.startswith(_RUNBOOK)), "")
    state, why = str(told.get("StateValue", "")), str(told.get("StateReason", ""))
    return Alarm(str(told["AlarmName"]), state, lines[0], runbook, why, told.get("StateUpdatedTimestamp"))


@dataclass
class Heartbeats:
    """The newest one of each task, None where none was seen within HEARTBEATS."""

    last: dict[str, datetime | None] = field(default_factory=dict)
    completeness: Completeness = COMPLETE


def heartbeats(stack: Stack) -> Heartbeats:
    found, since = Heartbeats(), datetime.now(UTC) - HEARTBEATS
    for subscriber in stack.subscribers:
        if not subscriber.log_group:
            found.completeness += Completeness((f"{subscriber.task}: {logs.ELSEWHERE.unseen[0]}",))
            continue
        reading = logs.Reading(subscriber.aws, subscriber.log_group, '{ $.outcome = "heartbeat" }', since)
        times = [each.at for each in reading.outcomes() if each.is_heartbeat]
        found.last[subscriber.task] = max(times, default=None)
        found.completeness += reading.completeness
    return found


@dataclass(frozen=True)
class Cost:
    """Dollars a month: when nothing is published, and at the rate of now. `per_minute` are events, `None` where not known."""

    idle: float
    now: float
    per_minute: float
    subscribers: tuple[tuple[str, float], ...]
    without: tuple[str, ...]


def template_of(stack: Stack) -> dict[str, Any]:
    """As CloudFormation keeps it, with names in place of references."""
    return Deployed.read(stack).template


def cost(template: dict[str, Any], per_minute: float) -> Cost:
    bill = monthly(template, events_per_month=round(per_minute * MONTH))
    each = [(owner, sum(line.dollars for line in bill.lines if line.owner == owner)) for owner in bill.subscribers]
    without = (*NOT_COUNTED, *(f"what {one} costs" for one in bill.unpriced))
    return Cost(bill.idle, bill.idle + bill.traffic, per_minute, tuple(each), without)


def rate(counts: Iterable[Count]) -> float:
    """Events a minute, by the task that ended the most."""
    ended = Counter[str]()
    for each in counts:
        if each.is_success and each.kind != "heartbeat":
            ended[each.task] += each.number
    return max(ended.values(), default=0) / MINUTES


@dataclass(frozen=True)
class Deployment:
    """`status` in CloudFormation's words."""

    at: datetime
    status: str

    @property
    def tone(self) -> str:
        """Well is what came to its end; what goes on is neither well nor bad."""
        if self.status.endswith("_IN_PROGRESS"):
            return "held"
        return "well" if went_well(self.status) else "bad"


def deployments(stack: Stack) -> list[Deployment]:
    """The newest first, of the newest page of the stack's events; the last one alone where these may not be read, as with the
    operator-read policy."""
    try:
        events = stack.aws.cloudformation.describe_stack_events(StackName=stack.name)["StackEvents"]
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        (now,) = stack.aws.cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
        return [Deployment(now.get("LastUpdatedTime", now["CreationTime"]), now["StackStatus"])]
    own = [each for each in events if each.get("PhysicalResourceId") == stack.id]
    told = [Deployment(each["Timestamp"], str(each.get("ResourceStatus", ""))) for each in own]
    ended = [each for each in told if each.status.endswith(_ENDED)]
    return sorted(ended, key=lambda each: each.at, reverse=True)[:_MOST_DEPLOYMENTS]


@dataclass(frozen=True)
class Verified:
    """What the newest file of `fanout verify` says: `steps` are name, result and what was seen."""

    at: str
    path: str
    steps: tuple[tuple[str, str, str], ...]


def verified(stack: Stack) -> Verified | None:
    """None where no file of this stack is kept here."""
    pattern = re.compile(rf"verify-{re.escape(stack.name)}-\d{{4}}-\d\d-\d\d\.json")
    files = sorted(each for each in (find_root() / ".fanout").glob("verify-*.json") if pattern.fullmatch(each.name))
    return _verified(files[-1]) if files else None


def _verified(path: Path) -> Verified:
    told = json.loads(path.read_text("utf-8"))
    return Verified(str(told["at"]), str(path), tuple(_steps(told["steps"])))


def _steps(told: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for each in told:
        yield str(each.get("step")), str(each.get("result")), str(each.get("seen"))
