"""What a subscriber costs at the present hour's speed, as metric math over what SQS, Lambda and its log really counted."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from fanout.constructs.subscriber import Subscriber
from fanout.costs.prices import PRICES

HOURS = 720
"""Of a month."""
HOUR = Duration.hours(1)
_SAMPLED = "IF(FILL(calls, 0) < 3600, FILL(calls, 0), 3600 + 0.05 * (FILL(calls, 0) - 3600))"
"""X-Ray records one a second, and a twentieth of the rest."""


def dollars_a_month(subscriber: Subscriber) -> cloudwatch.MathExpression:
    """Queue, function, log and traces; as `fanout cost` counts them, with what was measured where that assumes.

    A batch of at most ten is one receive and one delete. Without alarms, and without what the task itself does: no metric
    of AWS counts e-mails or writes by subscriber.
    """
    sent, empty, calls, ms, size = (f"FILL({name}, 0)" for name in ("sent", "empty", "calls", "ms", "size"))
    request = _dollars("sqs-request-fifo" if subscriber.queue.fifo else "sqs-request")
    terms = (
        f"({sent} + {empty} + 2 * {calls}) * {request}",
        *([f"({sent} + 2 * {calls}) * {_dollars('sqs-request-fair')}"] if subscriber.fair_by else []),
        f"{calls} * {_dollars('lambda-request')}",
        f"{ms} * {_dollars('lambda-gb-second-arm64', subscriber.consumer.memory_mib / 1024 / 1000)}",
        f"{size} * {_dollars('log-ingested', 1e-9)}",
        *([f"{_SAMPLED} * {_dollars('xray-trace')}"] if subscriber.settings.tracing == "active" else []),
    )
    queue, function = subscriber.queue, subscriber.function
    log = {"LogGroupName": function.log_group.log_group_name}
    return cloudwatch.MathExpression(
        expression=f"{HOURS} * ({' + '.join(terms)})",
        label="$ a month",
        period=HOUR,
        using_metrics={
            "sent": queue.metric_number_of_messages_sent(statistic="Sum", period=HOUR),
            "empty": queue.metric_number_of_empty_receives(statistic="Sum", period=HOUR),
            "calls": function.metric_invocations(statistic="Sum", period=HOUR),
            "ms": function.metric_duration(statistic="Sum", period=HOUR),
            "size": cloudwatch.Metric(
                namespace="AWS/Logs", metric_name="IncomingBytes", dimensions_map=log, statistic="Sum", period=HOUR
            ),
        },
    )


def dollars_of_workers(subscriber: Subscriber) -> cloudwatch.MathExpression:
    """Queue, log, and workers by the hour, at the price of FARGATE and with a public address each.

    Each sends one sample a minute; a receive takes as many messages as there are, and one delete is taken for each.
    """
    sent, empty, received, samples, size = (
        f"FILL({name}, 0)" for name in ("sent", "empty", "received", "samples", "size")
    )
    request = _dollars("sqs-request-fifo" if subscriber.queue.fifo else "sqs-request")
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
    cluster, service = consumer.service_names or ("", "")
    group = consumer.log_group.log_group_name if consumer.log_group else ""
    return cloudwatch.MathExpression(
        expression=f"{HOURS} * ({' + '.join(terms)})",
        label="$ a month",
        period=HOUR,
        using_metrics={
            "sent": queue.metric_number_of_messages_sent(statistic="Sum", period=HOUR),
            "empty": queue.metric_number_of_empty_receives(statistic="Sum", period=HOUR),
            "received": queue.metric_number_of_messages_received(statistic="Sum", period=HOUR),
            "samples": cloudwatch.Metric(
                namespace="AWS/ECS",
                metric_name="CPUUtilization",
                dimensions_map={"ClusterName": cluster, "ServiceName": service},
                statistic="SampleCount",
                period=HOUR,
            ),
            "size": cloudwatch.Metric(
                namespace="AWS/Logs",
                metric_name="IncomingBytes",
                dimensions_map={"LogGroupName": group},
                statistic="Sum",
                period=HOUR,
            ),
        },
    )


def _dollars(price: str, units: float = 1) -> str:
    """Of so many units, without an exponent."""
    return _written(PRICES[price].dollars * units)


def _written(number: float) -> str:
    return f"{number:.15f}".rstrip("0")
