"""What events cost: each line grows with their number, and with how they are batched."""

import math
from collections.abc import Mapping

from fanout import names
from fanout.costs import kept as keeping
from fanout.costs.assumptions import MONTH_HOURS, MONTH_SECONDS, Assumptions
from fanout.costs.idle import Found
from fanout.costs.polling import MOST_PER_REQUEST, share_with_any
from fanout.costs.subscribers import Called, Subscriber, at_least
from fanout.template.grants import ROLE, grants_of_role
from fanout.template.messaging import fair_by, is_fifo, subscriptions
from fanout.template.template import Resource, Template
from fanout.template.tracing import is_traced
from fanout.template.values import Value, as_list

CHUNK_KB = 64
DUST = 1e-9
"""What is left of floating point."""
FOR_EVER = 3_650
"""Days: ten years."""
METRICS_ALWAYS, METRICS_OF_FAILURES, METRICS_OF_HEARTBEATS, DETAILS = 1, 1, 1, 2
"""Done; Failed; how long a heartbeat took; Attempts and Latency where the settings measure all."""
EFFECTS = (
    (("s3:PutObject",), "objects put", "s3-put"),
    (("ses:SendEmail",), "e-mails", "ses-email"),
)
"""What a task does once for an event, told by what its role may do."""


def delivered(subscriber: Subscriber, events: float, assumed: Assumptions) -> Found:
    """What it takes that all of them reach the task and leave it; a filter's share is not known from a template."""
    yield from _queue(subscriber, events, assumed)
    if subscriber.function is not None:
        batches = _batches(subscriber, events, assumed)
        seconds = assumed.task_seconds * max(1.0, _fill(subscriber, events, assumed) / threads(subscriber.function))
        yield from invoked(subscriber.function, batches, seconds, assumed)
        yield from _logged(subscriber.function, _attempts(events, assumed) * assumed.log_bytes_event, assumed)


def handed(function: Resource, events: float, assumed: Assumptions) -> Found:
    """By the topic, one by one; that SNS calls a function is free: https://aws.amazon.com/sns/pricing/"""
    attempts = _attempts(events, assumed)
    yield from invoked(function, attempts, assumed.task_seconds, assumed)
    yield from _logged(function, attempts * assumed.log_bytes_event, assumed)


def worked(subscriber: Subscriber | Called, events: float, assumed: Assumptions) -> Found:
    """What the task does with them, and says of it."""
    if subscriber.function is not None:
        yield from _metrics(subscriber.function, events, assumed)
        yield from _effects(subscriber.function, events, assumed)


def acknowledged(subscriber: Subscriber | Called, heartbeats: float) -> Found:
    """A heartbeat is measured, and nothing else is done."""
    if subscriber.function is not None and _is_ours(subscriber.function):
        yield "metrics of its own", METRICS_OF_HEARTBEATS * share_with_any(heartbeats, MONTH_HOURS), "custom-metric"


def more(before: Found, after: Found) -> Found:
    """What comes to `before` until it is `after`: batches fill and polls end sooner, so twice as many cost less than twice."""
    change: dict[tuple[str, str], float] = {}
    for found, sign in ((after, 1), (before, -1)):
        for what, quantity, price in found:
            change[what, price] = change.get((what, price), 0) + sign * quantity
    yield from ((what, quantity, price) for (what, price), quantity in change.items() if quantity > DUST)


def of_topic(topic: Resource, events: float, assumed: Assumptions) -> Found:
    """Deliveries to queues are free, the publish is not."""
    yield "published", events * _chunks(assumed.event_kb), "sns-publish-fifo" if is_fifo(topic) else "sns-publish"
    if topic.get("KmsMasterKeyId") is not None:
        yield "key requests", 2 * key_periods(events, assumed), "kms-request"
    if is_traced(topic):
        yield "traces", _sampled(events) * assumed.topic_traces, "xray-trace"


def topics(template: Template) -> list[Resource]:
    """Those that feed queues or call functions: nobody publishes events to an alarm's topic."""
    found = [each.topic for each in subscriptions(template) if each.protocol in ("sqs", "lambda")]
    return list(dict.fromkeys(each for each in found if isinstance(each, Resource)))


def invoked(function: Resource, times: float, seconds: float, assumed: Assumptions) -> Found:
    """Requests, compute, the lines that Lambda logs, traces."""
    x86 = function.get("Architectures") != ["arm64"]
    gigabytes = at_least(128, function, "MemorySize", default=128) / 1024
    yield "invocations", times, "lambda-request"
    yield "compute", times * seconds * gigabytes, f"lambda-gb-second-{'x86_64' if x86 else 'arm64'}"
    yield from _logged(function, times * assumed.log_bytes_invocation, assumed)
    if is_traced(function):
        yield "traces", _sampled(times), "xray-trace"


def _queue(subscriber: Subscriber, events: float, assumed: Assumptions) -> Found:
    """Send, receive, delete, and hide again what failed. Empty receives are in the idle part."""
    queue = subscriber.queue
    price = "sqs-request-fifo" if queue is not None and is_fifo(queue) else "sqs-request"
    attempts, polled = _attempts(events, assumed), subscriber.polled
    together = min(_fill(subscriber, events, assumed), MOST_PER_REQUEST)
    answered = polled.receives(attempts, assumed) - polled.idle_receives(assumed)
    requests = {
        "sent by the topic": events * _chunks(assumed.event_kb) * assumed.sends_billed,
        "received": answered * _chunks(together * assumed.event_kb),
        "deleted": events / together,
        "hidden until the next attempt": attempts - events,
    }
    yield from ((what, number, price) for what, number in requests.items())
    if queue is not None and fair_by(queue) is not None:
        yield "fair to other groups", sum(requests.values()), "sqs-request-fair"
    if queue is not None and queue.get("KmsMasterKeyId") is not None:
        reused = queue.number("KmsDataKeyReusePeriodSeconds")
        yield "key requests", 3 * key_periods(events, assumed, reused), "kms-request"


def _logged(function: Resource, size: float, assumed: Assumptions) -> Found:
    yield from kept(function.template.resource(function.get("LoggingConfig", "LogGroup")), size, assumed)


def kept(group: Resource | None, size: float, assumed: Assumptions) -> Found:
    """So many bytes, sent to a log group and kept there."""
    days = at_least(1, group, "RetentionInDays", default=FOR_EVER) if group is not None else FOR_EVER
    gigabytes = size / 1e9
    yield "logged", gigabytes, "log-ingested"
    yield "logs kept", gigabytes * assumed.log_compression * days / 30, "log-stored"


def _metrics(function: Resource, events: float, assumed: Assumptions) -> Found:
    if _is_ours(function):
        groups = at_least(0, function, "Environment", "Variables", names.MEASURED_GROUPS, default=0)
        yield from measured(groups, function.get("Environment", "Variables", names.METRICS), events, assumed)


def measured(groups: float, which: Value, events: float, assumed: Assumptions) -> Found:
    """Metrics of our runtime, paid for the hours in which they are sent; each measured group has its own. An engine before
    0.3 says nothing of `which`, and sends all."""
    sets = 1 + groups
    always = (METRICS_ALWAYS + (0 if which == "essential" else DETAILS)) * share_with_any(events, MONTH_HOURS)
    failures = METRICS_OF_FAILURES * share_with_any(events * assumed.failing, MONTH_HOURS)
    yield "metrics of its own", sets * (always + failures), "custom-metric"


def _is_ours(function: Resource) -> bool:
    """Whether it has our runtime, which sends metrics."""
    variables = function.get("Environment", "Variables")
    return isinstance(variables, dict) and names.TASK in variables


def _effects(function: Resource, events: float, assumed: Assumptions) -> Found:
    role, variables = function.template.resource(function.get("Role")), function.get("Environment", "Variables")
    if role is not None and role.type == ROLE:
        yield from effects(role, variables if isinstance(variables, dict) else {}, events, assumed)


def effects(role: Resource, variables: Mapping[str, Value], events: float, assumed: Assumptions) -> Found:
    """What the role lets a task do for each event."""
    if may(role, "dynamodb:UpdateItem", "dynamodb:PutItem"):
        yield "writes of records", events * writes(role.template, variables, assumed), "dynamodb-write"
        yield from keeping.records(role, variables, events, key_periods(events, assumed), assumed)
    for actions, what, price in EFFECTS:
        if may(role, *actions):
            yield what, events, price
    yield from keeping.objects(role, events, key_periods(events, assumed), assumed)


def writes(template: Template, variables: Mapping[str, Value], assumed: Assumptions, *, indexes: bool = True) -> float:
    """For each event; a failed attempt's are no more than its share, and an index counts whether or not it is used."""
    table = template.resource(variables.get(names.COMPLETED_TABLE))
    found = as_list(table.get("GlobalSecondaryIndexes")) if table is not None and indexes else []
    claims = variables.get(names.IDEMPOTENT) != "false"
    writes = assumed.writes_per_event if claims else min(1, assumed.writes_per_event)
    return writes * (1 + assumed.failing) + assumed.index_writes_per_event * len(found)


def may(role: Resource, *actions: str) -> bool:
    """Whether a statement of the role is known to allow one of them."""
    statements = [each.statement for each in grants_of_role(role) if each.statement is not None]
    return any(each.allows and each.covers(action) is True for each in statements for action in actions)


def _attempts(events: float, assumed: Assumptions) -> float:
    return events * (1 + assumed.failing)


def _fill(subscriber: Subscriber, events: float, assumed: Assumptions) -> float:
    return subscriber.polled.fill(_attempts(events, assumed), assumed)


def _batches(subscriber: Subscriber, events: float, assumed: Assumptions) -> float:
    return _attempts(events, assumed) / _fill(subscriber, events, assumed)


def threads(function: Resource) -> float:
    """How many messages of a batch our runtime works on at the same time; another one works through them."""
    return at_least(1, function, "Environment", "Variables", names.CONCURRENCY, default=1)


def _chunks(kilobytes: float) -> int:
    return max(1, math.ceil(kilobytes / CHUNK_KB))


def key_periods(events: float, assumed: Assumptions, seconds: float | None = None) -> float:
    """Data keys are reused, for `seconds` where a queue says so, and none is asked for while nothing is sent.

    Two requests of the producer and one of the consumer a period: "Estimating costs" on
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    periods = MONTH_SECONDS / (max(60, seconds) if seconds else assumed.data_key_seconds)
    return periods * share_with_any(events, periods)


def _sampled(times: float) -> float:
    """One a second and 5 % of the rest: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"""
    return min(times, MONTH_SECONDS) + 0.05 * max(0.0, times - MONTH_SECONDS)
