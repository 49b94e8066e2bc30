"""Which quota of AWS ends first as events come faster: what one event a second takes of each, from a template.

All of it is linear in the rate, so a quota of `most` ends at `most` / `per_event` events a second. Batches are full then.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fanout import names
from fanout.costs.assumptions import Assumptions
from fanout.costs.backlog import Capacity
from fanout.costs.subscribers import Called, Subscriber, acting, at_least, tasks
from fanout.costs.traffic import may, threads, topics, writes
from fanout.template.grants import ROLE
from fanout.template.messaging import is_fifo
from fanout.template.template import Template

NEAR = 0.8
"""Of a quota: from here on it is said."""
DELAY = 30
MOST_CONCURRENT = 1_000
"""Batches at once of one mapping: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""


@dataclass(frozen=True)
class Quota:
    """`most` of `unit`, by default. `removes`: what a person does about it. `weak`: what to check before relying on it."""

    name: str
    most: float
    unit: str
    source: str
    removes: str
    weak: str = ""


_SNS = "https://docs.aws.amazon.com/general/latest/gr/sns.html"
_RAISE = "raise it in Service Quotas"
PUBLISHES = Quota(
    "SNS publishes",
    9_000,
    "messages/s",
    _SNS,
    _RAISE,
    "of eu-west-1 and us-west-2; 30,000 in us-east-1, 1,500 or 300 elsewhere",
)
PUBLISHES_FIFO = Quota("SNS publishes, FIFO", 3_000, "messages/s", _SNS, f"leave order to tasks, or {_RAISE}")
WRITES = Quota(
    "writes to one table",
    40_000,
    "writes/s",
    "https://aws.amazon.com/blogs/database/introducing-configurable-maximum-throughput-for-amazon-dynamodb-on-demand/",
    f"{_RAISE}; tasks in stacks of their own have tables of their own",
    "a new table begins with 4,000 and doubles as it is used",
)
CONCURRENCY = Quota(
    "Lambda in all",
    1_000,
    "at once",
    "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    f"{_RAISE}; a new account may have less",
)
MAILS = Quota(
    "SES",
    14,
    "e-mails/s",
    "https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html",
    "ask SES for a higher sending rate",
    "what SES gives at first, out of the sandbox",
)


@dataclass(frozen=True)
class Demand:
    """What an event a second takes of a quota; `owner` is a task, "" the stack."""

    owner: str
    quota: Quota
    per_event: float

    def needs(self, rate: float) -> float:
        return rate * self.per_event

    @property
    def ends_at(self) -> float:
        """Events a second."""
        return self.quota.most / self.per_event

    def is_near(self, rate: float) -> bool:
        return self.needs(rate) >= NEAR * self.quota.most


def demands(template: Template, assumed: Assumptions) -> list[Demand]:
    """Those that end first, first."""
    found = [*_of_topics(template), *_of_tables(template, assumed), *_of_tasks(template, assumed)]
    return sorted((each for each in found if each.per_event > 0), key=lambda each: each.ends_at)


def per_event_at_once(task: Subscriber | Called, assumed: Assumptions) -> float:
    """Attempts, functions or workers, that are at work all the time for each event a second."""
    seconds = assumed.task_seconds * (1 + assumed.failing)
    return seconds / together(task)


def together(task: Subscriber | Called) -> float:
    """Messages that one function, or one worker, works on at the same time when there are enough."""
    if isinstance(task, Called):
        return 1
    if task.worker:
        return task.polled.batch_size
    return min(task.polled.batch_size, threads(task.function)) if task.function else 1


def most_at_once(task: Subscriber | Called) -> float:
    """Functions or workers."""
    if isinstance(task, Called):
        return _reserved(task)
    if task.worker:
        return task.worker.bounds[1]
    return min(task.polled.bound or MOST_CONCURRENT, MOST_CONCURRENT, _reserved(task))


def _reserved(task: Subscriber | Called) -> float:
    """All of the account's where its function reserves none; 0: it never runs."""
    if task.function is None:
        return CONCURRENCY.most
    return at_least(0, task.function, "ReservedConcurrentExecutions", default=CONCURRENCY.most)


def capacity(task: Subscriber | Called, assumed: Assumptions) -> Capacity:
    """Of all that its template lets run at once."""
    is_worker = isinstance(task, Subscriber) and task.worker is not None
    return Capacity(together(task) / assumed.task_seconds, most_at_once(task), scales=not is_worker)


def first_delay(task: Subscriber | Called) -> int:
    """Seconds after which what failed once is tried again."""
    found = acting(task)[1].get(names.RETRY_DELAYS)
    first = found.partition(",")[0] if isinstance(found, str) else ""
    return int(first) if first.isdecimal() else DELAY


def _of_topics(template: Template) -> Iterator[Demand]:
    for each in topics(template):
        yield Demand("", PUBLISHES_FIFO if is_fifo(each) else PUBLISHES, 1)


def _of_tables(template: Template, assumed: Assumptions) -> Iterator[Demand]:
    by_table: dict[str, float] = {}
    for task in tasks(template):
        _, variables = acting(task)
        table = template.resource(variables.get(names.COMPLETED_TABLE))
        if table is not None and _may(task, "dynamodb:UpdateItem"):
            by_table[table.id] = by_table.get(table.id, 0) + writes(template, variables, assumed, indexes=False)
    yield from (Demand("", WRITES, each) for each in by_table.values())


def _of_tasks(template: Template, assumed: Assumptions) -> Iterator[Demand]:
    concurrent = 0.0
    for task in tasks(template):
        at_once = per_event_at_once(task, assumed)
        is_worker = isinstance(task, Subscriber) and task.worker is not None
        concurrent += 0 if is_worker else at_once
        yield Demand(task.name, _own(task, is_worker=is_worker), at_once)
        if _may(task, "ses:SendEmail"):
            yield Demand(task.name, MAILS, 1)
        if isinstance(task, Subscriber) and task.queue is not None and is_fifo(task.queue):
            yield Demand(task.name, _ONE_GROUP, assumed.task_seconds * (1 + assumed.failing))
    yield Demand("", CONCURRENCY, concurrent)


_ONE_GROUP = Quota(
    "one group, if all are of it",
    1,
    "event at a time",
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html",
    "smaller groups, or no order",
)


def _own(task: Subscriber | Called, *, is_worker: bool) -> Quota:
    if is_worker:
        return Quota("its workers", most_at_once(task), "at once", "the template", *_more_workers(task))
    return Quota(
        "its functions",
        most_at_once(task),
        "at once",
        "the template, and at most 1,000 of one mapping",
        _removes(task),
    )


def _more_workers(task: Subscriber | Called) -> tuple[str, str]:
    """What removes the quota, and what of it is weak."""
    if task.is_elsewhere:
        return "more of them, where its team runs them", "one is taken: no template says how many its team runs"
    return "more of them: Worker(most=...)", ""


def _removes(task: Subscriber | Called) -> str:
    reserved = _reserved(task)
    if reserved == 0:
        return "runs nothing: its function reserves 0 concurrency"
    bound = task.polled.bound if isinstance(task, Subscriber) else None
    is_reserved = reserved < min(bound or MOST_CONCURRENT, MOST_CONCURRENT)
    return "ReservedConcurrentExecutions of its function" if is_reserved else "max_concurrency in stacks/settings.py"


def _may(task: Subscriber | Called, action: str) -> bool:
    role, _ = acting(task)
    return role is not None and role.type == ROLE and may(role, action)
