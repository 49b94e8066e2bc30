"""What an intake costs: a page, a request and a look at the status for each entry, its writes, and a sweep each minute.

Transactions write twice: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
"""

import math

from fanout.costs import traffic
from fanout.costs.assumptions import MONTH_SECONDS, Assumptions
from fanout.costs.idle import Found
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION

WEB, STREAM, SWEEP = (f"fanout.intake.{each}" for each in ("handler.handle", "relay.on_stream", "relay.sweep"))
SECONDS = 0.05
"""Of one request, or of one entry at the relay: a few calls of AWS."""
LOOKS = 4 * 0.5
"""Units of reading of a sweep that finds nothing: the index has four segments."""
OF_THE_ENTRY_KB = 1
"""Of an item beside its event."""


def idle(template: Template, assumed: Assumptions) -> Found:
    """Its invocations are the schedule's, and counted there."""
    for _ in _functions(template, SWEEP):
        yield "metrics of its own", 1, "custom-metric"
        yield "reads", LOOKS * MONTH_SECONDS / 60, "dynamodb-read"


def filled_in(template: Template, entries: float, assumed: Assumptions) -> Found:
    for web in _functions(template, WEB):
        requests = entries * assumed.requests_per_entry
        yield "requests", requests, "http-request"
        yield from traffic.invoked(web, requests, SECONDS, assumed)
        item = math.ceil(assumed.event_kb + OF_THE_ENTRY_KB)
        stored, claimed, counted, indexed, marked = 2 * item, 2, 1, 2 * item, item
        yield "writes", entries * (stored + claimed + counted + indexed + marked), "dynamodb-write"
        yield "reads", entries * (assumed.requests_per_entry - 1), "dynamodb-read"
    for stream in _functions(template, STREAM):
        yield from traffic.invoked(stream, entries, SECONDS, assumed)


def _functions(template: Template, handler: str) -> list[Resource]:
    return [each for each in template.of(FUNCTION) if each.get("Handler") == handler]
