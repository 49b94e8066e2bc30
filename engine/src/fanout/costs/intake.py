"""What an intake costs: a page, a request and a look at the status for each entry, its writes, what it keeps, and a sweep each minute.

Transactions write twice: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
"""

import math

from fanout import names
from fanout.costs import kept, traffic
from fanout.costs.assumptions import MONTH_SECONDS, Assumptions
from fanout.costs.idle import Found
from fanout.costs.subscribers import at_least
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION
from fanout.template.values import Value

WEB, STREAM, SWEEP = (f"fanout.intake.{each}" for each in ("handler.handle", "relay.on_stream", "relay.sweep"))
SECONDS = 0.05
"""Of one request, or of one entry at the relay: a few calls of AWS."""
LOOKS = 4 * 0.5
"""Units of reading of a sweep that finds nothing: the index has four segments."""
LOOK_AT_A_RECORD = 0.5
"""The same of a status page, for each task: a read that may lag a moment."""
OF_THE_ENTRY_KB = 1
"""Of an item beside its event."""


def idle(template: Template, assumed: Assumptions) -> Found:
    """Its invocations are the schedule's, and counted there."""
    minutes = MONTH_SECONDS / 60
    for sweep in _functions(template, SWEEP):
        yield "metrics of its own", 1, "custom-metric"
        yield "reads", LOOKS * minutes, "dynamodb-read"
        if table := _table(sweep):
            yield from kept.asked(table, traffic.key_periods(minutes, assumed))


def filled_in(template: Template, entries: float, assumed: Assumptions) -> Found:
    for web in _functions(template, WEB):
        requests = entries * assumed.requests_per_entry
        yield "requests", requests, "http-request"
        yield from traffic.invoked(web, requests, SECONDS, assumed)
        item = math.ceil(assumed.event_kb + OF_THE_ENTRY_KB)
        stored, claimed, counted, indexed, marked = 2 * item, 2, 1, 2 * item, item
        person = 0 if _variable(web, names.INTAKE_SUBJECT_SECRET) is None else 2
        yield "writes", entries * (stored + claimed + person + counted + indexed + marked), "dynamodb-write"
        looks = assumed.requests_per_entry - 1 + LOOK_AT_A_RECORD * _followed(web)
        yield "reads", entries * looks, "dynamodb-read"
        yield from _kept(web, entries, assumed)
    for stream in _functions(template, STREAM):
        yield from traffic.invoked(stream, entries, SECONDS, assumed)
        if table := _table(stream):
            yield from kept.asked(table, traffic.key_periods(entries, assumed))


def _kept(web: Resource, entries: float, assumed: Assumptions) -> Found:
    """Entries, once so many a month came for as long as one lives; what is kept beside them is a few bytes each."""
    seconds = at_least(0, web, "Environment", "Variables", names.INTAKE_KEEP_SECONDS, default=0)
    if table := _table(web):
        gigabytes = entries * seconds / MONTH_SECONDS * (assumed.event_kb + OF_THE_ENTRY_KB) / kept.KB_PER_GB
        yield from kept.items(table, "entries", gigabytes, traffic.key_periods(entries, assumed))


def _table(function: Resource) -> Resource | None:
    return function.template.resource(_variable(function, names.INTAKE_TABLE))


def _followed(web: Resource) -> int:
    """How many tasks a status page tells of."""
    told = _variable(web, names.INTAKE_TASKS)
    return len(told.split(",")) if isinstance(told, str) and told else 0


def _variable(function: Resource, name: str) -> Value:
    return function.get("Environment", "Variables", name)


def _functions(template: Template, handler: str) -> list[Resource]:
    return [each for each in template.of(FUNCTION) if each.get("Handler") == handler]
