"""What a subscriber costs at the present hour's speed, as metric math over what SQS, Lambda and its log really counted."""

from fanout.constructs.metric import FIVE_MINUTES, HOUR, Expression, Metric, of_function, of_log, of_queue
from fanout.constructs.subscriber import Subscriber
from fanout.costs.prices import PRICES

HOURS = 720
"""Of a month."""
_SAMPLED = "IF(FILL(calls, 0) < 3600, FILL(calls, 0), 3600 + 0.05 * (FILL(calls, 0) - 3600))"
"""X-Ray records one a second, and a twentieth of the rest."""


def dollars_a_month(subscriber: Subscriber) -> Expression:
    """Queue, function, log and traces; as `fanout cost` counts them, with what was measured where that assumes.

    A batch of at most ten is one receive and one delete. Without alarms, and without what the task itself does: no metric
    of AWS counts e-mails or writes by subscriber.
    """
    sent, empty, calls, ms, size = (f"FILL({name}, 0)" for name in ("sent", "empty", "calls", "ms", "size"))
    request = _dollars("sqs-request-fifo" if subscriber.ordered else "sqs-request")
    terms = (
        f"({sent} + {empty} + 2 * {calls}) * {request}",
        *([f"({sent} + 2 * {calls}) * {_dollars('sqs-request-fair')}"] if subscriber.fair_by else []),
        f"{calls} * {_dollars('lambda-request')}",
        f"{ms} * {_dollars('lambda-gb-second-arm64', subscriber.consumer.memory_mib / 1024 / 1000)}",
        f"{size} * {_dollars('log-ingested', 1e-9)}",
        *([f"{_SAMPLED} * {_dollars('xray-trace')}"] if subscriber.settings.tracing == "active" else []),
    )
    queue, function = subscriber.queue, subscriber.function
    return Expression(
        expression=f"{HOURS} * ({' + '.join(terms)})",
        period=HOUR,
        metrics={
            "sent": of_queue(queue, "NumberOfMessagesSent", "Sum", HOUR),
            "empty": of_queue(queue, "NumberOfEmptyReceives", "Sum", HOUR),
            "calls": of_function(function, "Invocations", "Sum", HOUR),
            "ms": of_function(function, "Duration", "Sum", HOUR),
            "size": of_log(subscriber.consumer.log_group, HOUR),
        },
    )


def dollars_of_workers(subscriber: Subscriber) -> Expression:
    """Queue, log, and workers by the hour, at the price of FARGATE and with a public address each.

    Each sends one sample a minute; a receive takes as many messages as there are, and one delete is taken for each.
    """
    sent, empty, received, samples, size = (
        f"FILL({name}, 0)" for name in ("sent", "empty", "received", "samples", "size")
    )
    request = _dollars("sqs-request-fifo" if subscriber.ordered else "sqs-request")
    consumer, queue = subscriber.consumer, subscriber.queue
    hour = (
        PRICES["fargate-vcpu-hour-arm64"].dollars * consumer.cpu / 1024
        + PRICES["fargate-gb-hour-arm64"].dollars * consumer.memory_mib / 1024
        + PRICES["public-address-hour"].dollars
    )
    terms = (
        f"({sent} + {empty} + 2 * {received}) * {request}",
        f"{samples} / 60 * {_written(hour)}",
        f"{size} * {_dollars('log-ingested', 1e-9)}",
    )
    return Expression(
        expression=f"{HOURS} * ({' + '.join(terms)})",
        period=HOUR,
        metrics={
            "sent": of_queue(queue, "NumberOfMessagesSent", "Sum", HOUR),
            "empty": of_queue(queue, "NumberOfEmptyReceives", "Sum", HOUR),
            "received": of_queue(queue, "NumberOfMessagesReceived", "Sum", HOUR),
            "samples": of_service(subscriber, "CPUUtilization", "SampleCount", HOUR),
            "size": of_log(consumer.log_group, HOUR),
        },
    )


def of_service(subscriber: Subscriber, name: str, statistic: str, period: int = FIVE_MINUTES) -> Metric:
    cluster, service = subscriber.consumer.service_names or ("", "")
    dimensions = {"ClusterName": cluster, "ServiceName": service}
    return Metric(namespace="AWS/ECS", name=name, dimensions=dimensions, statistic=statistic, period=period)


def _dollars(price: str, units: float = 1) -> str:
    """Of so many units, without an exponent."""
    return _written(PRICES[price].dollars * units)


def _written(number: float) -> str:
    return f"{number:.15f}".rstrip("0")
