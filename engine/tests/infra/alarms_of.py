"""The alarms of our own stacks, and of another team's subscriber."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs.compute import Function
from fanout.constructs.monitoring import Monitoring
from fanout.constructs.retry import Retry
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.reading import Template, of_type

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
VISIBLE = "ApproximateNumberOfMessagesVisible"
RETENTION, ATTEMPTS = 7 * 86_400, round((30 + 120 + 480 + 1920) * 1.2) + 5 * 30
"""Seconds, in prod: of a queue, and of all attempts of one event."""
DAY, HOUR, QUARTER, FIVE = 24 * 60, 60, 15, 5
"""Minutes, as recorded series have one datapoint a minute."""


def alarm(template: Template, kind: str, owner: str = "NotifyPartner") -> dict[str, Any]:
    (found,) = [
        each["Properties"]
        for id_, each in of_type(template, "AWS::CloudWatch::Alarm").items()
        if id_.startswith(f"{owner}{kind}Alarm")
    ]
    return dict(found)


def metrics(properties: dict[str, Any]) -> list[tuple[dict[str, Any], str, int]]:
    """Each metric of an alarm, with its statistic and period, also inside metric math."""
    if "MetricName" in properties:
        return [(properties, properties["Statistic"], properties["Period"])]
    stats = [each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each]
    return [(each["Metric"], each["Stat"], each["Period"]) for each in stats]


def of_another_team() -> Template:
    """A subscriber with a filter, a time-out of a minute, a schedule of its own and an owner; and expected hours."""
    chosen = replace(settings.PROD, expected_hours=(7, 19), alarm_recipients=(TOPIC_ARN,))
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=chosen)
    Subscriber(
        stack,
        "SyncCrm",
        topic=topic,
        task="archive_order",
        compute=Function(timeout=timedelta(minutes=1)),
        retry=Retry(attempts=4, backoff=[timedelta(hours=11.5) / 1.2] * 3),
        only={"shop_id": ["contact"]},
        owner="CRM team",
    )
    Monitoring(stack, "Watch", topic=topic)
    return dict(Synthesized.from_stack(stack).to_json())
