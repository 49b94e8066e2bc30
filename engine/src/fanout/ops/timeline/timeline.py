"""What became of one event at each subscriber: from the stack's table of records, which is exact, and else from logs.

The number of calls does not grow with traffic or dead letters: one request to the table for all subscribers; of those that
are not done two counts and a bounded number of pages of the log, asked for by id. No queue is received from: SQS has no peek,
a receive from a task's queue would use up an attempt, and one from a dead-letter queue hides messages from others. Only
`letters` looks into dead-letter queues.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import DENIED, code_of, one_line
from fanout.errors import UserError
from fanout.ops.aws import logs, records, starts
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.line import Line
from fanout.ops.aws.records import EventRecord
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DIRECT, DeployedSubscriber
from fanout.ops.completeness import COMPLETE, Completeness
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.causes import Explainer
from fanout.ops.timeline.filters import judge_unseen
from fanout.ops.timeline.recorded import AROUND, from_record, tried
from fanout.ops.timeline.state import DEAD, DONE, NOT_FOUND, RETRYING, UNKNOWN, EventState
from fanout.words import counted

WINDOW = timedelta(days=14)
_ODD = "its record of this event is none that the runtime writes"


@dataclass
class Recorded:
    """What the table says of an id, by task. `problems` are of tasks; `span` is when others had the event in hand."""

    of: dict[str, list[tuple[str, EventRecord]]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    completeness: Completeness = COMPLETE

    def __add__(self, other: "Recorded") -> "Recorded":
        """Of two tables."""
        of = {task: [*self.of.get(task, ()), *other.of.get(task, ())] for task in {**self.of, **other.of}}
        problems = {**self.problems, **other.problems}
        return Recorded(of, problems, min(self.now, other.now), self.completeness + other.completeness)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        found = [each for some in self.of.values() for _, each in some]
        times = [at for each in found for at in (each.first_at, each.at) if at is not None]
        return (min(times) - AROUND, max(times) + timedelta(days=1)) if times else None


def for_stack(stack: Stack, id_: str, *, since: datetime | None = None, letters: bool = False) -> list[EventState]:
    """One for each subscriber, or more where several sources use the id."""
    stack.require_subscribers()
    start = since or datetime.now(UTC) - WINDOW
    recorded = read_records(stack, id_)
    found = in_lanes(lambda each: for_subscriber(each, id_, start, recorded, letters=letters), stack.subscribers)
    rows = [(subscriber, row) for subscriber, some in zip(stack.subscribers, found, strict=True) for row in some]
    return judge_unseen(rows)


def read_records(stack: Stack, id_: str) -> Recorded:
    """By event id, of all subscribers of a table at once; by reference when nothing in it has that id."""
    tables: dict[str, list[str]] = {}
    for each in stack.subscribers:
        if each.records_table:
            tables.setdefault(each.records_table, []).append(each.task)
    if not tables:
        again = " (deploy it again)" if stack.is_deployed else ""
        return Recorded(completeness=Completeness((f"records: {stack.name} has no table of them{again}",)))
    first, *others = [_read(stack.aws, table, tasks, id_) for table, tasks in tables.items()]
    return sum(others, start=first)  # several, where stacks have subscribed to a topic of another


def _read(aws: Aws, table: str, tasks: Sequence[str], id_: str) -> Recorded:
    try:
        found = records.read(aws, table, [(task, id_) for task in tasks])
        completeness = found.completeness
        if not found.of and not found.odd and completeness:
            keys, completeness = records.ids_of_reference(aws, table, id_)
            found = records.read(aws, table, keys) if keys else found
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and code_of(error) not in DENIED | {"ResourceNotFoundException"}:
            raise
        return Recorded(completeness=Completeness((f"records: {one_line(error)}",)))
    told = Recorded(now=found.now, completeness=completeness + found.completeness)
    for (task, event_id), some in found.of.items():
        told.of.setdefault(task, []).extend((event_id, each) for each in some)
    told.problems = dict.fromkeys((task for task, _ in found.odd), _ODD)
    told.problems |= {task: f"its record of this event was not read: {records.BUSY}" for task, _ in found.unread}
    return told


def for_subscriber(
    subscriber: DeployedSubscriber,
    id_: str,
    since: datetime,
    recorded: Recorded | None = None,
    *,
    letters: bool = False,
) -> list[EventState]:
    """Its own trouble, whatever it is, is a problem of this subscriber."""
    recorded = recorded or Recorded()
    try:
        if subscriber.task in recorded.problems:
            return [EventState(subscriber.task, UNKNOWN, problem=recorded.problems[subscriber.task])]
        found = recorded.of.get(subscriber.task, [])
        several = len(found) > 1
        rows = [(id_, from_record(subscriber, each, id_, recorded.now, alone=not several)) for id_, each in found]
        rows = rows or _from_log(subscriber, id_, since, recorded)
        called, buries = subscriber.kind == DIRECT, subscriber.buries
        rows = [(own, replace(each, several=several, buries=buries, called=called)) for own, each in rows]
        return [each if each.is_well or not letters else _look(subscriber, each, event_id) for event_id, each in rows]
    except (UserError, ClientError, BotoCoreError) as error:
        return [EventState(subscriber.task, UNKNOWN, problem=one_line(error))]
    except Exception as error:
        return [EventState(subscriber.task, UNKNOWN, problem=f"it cannot be read: {type(error).__name__}")]


def _from_log(
    subscriber: DeployedSubscriber, id_: str, since: datetime, recorded: Recorded
) -> list[tuple[str, EventState]]:
    """One for each event, with its id: a reference may have several. `id_` where that is not known, or nothing is found."""
    begin, end = recorded.span or (since, None)
    lines, read = logs.about(subscriber.aws, subscriber.log_group, id_, max(begin, since), end)
    events = _by_event(lines, id_) or {id_: []}
    done = {event_id: each for event_id, each in events.items() if each and each[-1].is_success}
    rows = [
        (event_id, _done(subscriber, each, COMPLETE if event_id == id_ else read)) for event_id, each in done.items()
    ]
    left = {event_id: each for event_id, each in events.items() if event_id not in done}
    if not left:
        return rows
    lines = [line for each in left.values() for line in each]
    messages = {each.message_id for each in lines}
    first = min((each.at for each in lines), default=since) - AROUND
    crashed = logs.history(subscriber.aws, subscriber.log_group, messages, first, end, life=subscriber.longest_life)
    depth = browse.read_depth(subscriber.aws, subscriber.queue_url).all if subscriber.queue_url else 0
    dead = browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url).all if subscriber.buries else 0
    completeness = read + recorded.completeness
    if not lines and dead:
        completeness += Completeness(
            (f"{counted(dead, 'dead letter')}: --letters looks, and hides them from others for up to a minute",)
        )
    for event_id, each in left.items():
        each = _with(crashed.lines, each)
        state = UNKNOWN if each and not read else _state(subscriber, each)  # what came after may be anything
        row = EventState(
            subscriber.task,
            state,
            tuple(each),
            subscriber.attempts,
            waiting=depth,
            problem=_start_problem(subscriber, since) if depth and not lines else None,
            dead=dead,
            completeness=completeness + crashed.completeness,
        )
        rows.append((event_id, row))
    return rows


def _done(subscriber: DeployedSubscriber, lines: Sequence[Line], completeness: Completeness) -> EventState:
    return EventState(subscriber.task, DONE, tuple(lines), subscriber.attempts, completeness=completeness)


def _by_event(lines: Sequence[Line], id_: str) -> dict[str, list[Line]]:
    """The lines of each; all are of one, unless they are found by its reference."""
    events = dict[str, list[Line]]()
    for each in lines:
        own = id_ if id_ in (each.event_id, each.message_id) else each.event_id or id_
        events.setdefault(own, []).append(each)
    return events


def _with(others: Sequence[Line], lines: Sequence[Line]) -> list[Line]:
    """Those of `others` that are of the same messages, too."""
    messages = {each.message_id for each in lines}
    own = {each for each in others if each.message_id in messages}
    return sorted({*lines, *own}, key=lambda line: line.at)


def _look(subscriber: DeployedSubscriber, row: EventState, id_: str) -> EventState:
    """Into the dead-letter queue: what is found there is dead, whatever else is known of it."""
    if not subscriber.buries or not browse.read_depth(subscriber.aws, subscriber.dead_letter_queue_url).all:
        return replace(row, looked=True)
    looked = showing.look_for(subscriber, row.letter or id_)
    unseen = tuple(each for each in row.completeness.unseen if "--letters" not in each)
    completeness = Completeness(unseen) + looked.completeness
    if looked.message is None:
        return replace(row, looked=bool(looked.completeness), completeness=completeness)
    explained = (
        None if row.attempts or row.record else Explainer(subscriber.aws, subscriber).explain([looked.message])[0]
    )
    return replace(
        row, state=DEAD, message=looked.message, cause=explained, problem=None, looked=True, completeness=completeness
    )


def _start_problem(subscriber: DeployedSubscriber, since: datetime) -> str | None:
    """Why what waits in its queue may not have been seen."""
    failures, _ = starts.start_failures(subscriber.aws, subscriber.log_group, since)
    return f"not seen, and its function does not start: {failures[-1][1]}: {failures[-1][2]}" if failures else None


def _state(subscriber: DeployedSubscriber, lines: Sequence[Line]) -> str:
    if not lines:
        return NOT_FOUND
    last = lines[-1]
    used_up = bool(subscriber.attempts) and tried(subscriber, lines, last.attempt) >= subscriber.attempts
    return DEAD if last.kind == "dead" or used_up else RETRYING
