"""Limits: of a message's size, and of what CloudFormation takes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.messaging import subscriptions
from fanout.template.template import Resource, Template
from fanout.template.types import QUEUE

TOPIC_DEFAULT, QUEUE_DEFAULT = 262_144, 1_048_576
SHARE = 0.8
LIMITS = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
MOST_BYTES = 1_000_000
_SIZES = "https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"
_CLOUDFORMATION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
_MACROS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html"


@rule(
    "queue-size-below-topic",
    consequence=Consequence.LOST,
    what="A subscribed queue, and its subscription's dead-letter queue, take messages as large as the topic does.",
    why="A message over the queue's limit is a client error: SNS does not try again, and it does not fit into the"
    " dead-letter queue either if that is as small.",
    fix="Set MaximumMessageSize of the queue and of its dead-letter queue to 1048576.",
    link=_SIZES,
)
def queue_size_below_topic(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        topic = each.topic if isinstance(each.topic, Resource) else None
        largest = topic.number("MaximumMessageSize", default=TOPIC_DEFAULT) if topic else None
        for queue in (each.queue, each.dead_letter_queue if each.loses else None):
            if not isinstance(queue, Resource) or queue.type != QUEUE or topic is None:
                continue
            size = queue.number("MaximumMessageSize", default=QUEUE_DEFAULT)
            if size is not None and largest is not None and size < largest:
                yield Problem(queue, f"MaximumMessageSize is {size:.0f}, but {topic.id} takes {largest:.0f} bytes")


@rule(
    "template-near-limit",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what=f"A template stays under {SHARE:.0%} of what CloudFormation takes.",
    why="At the limit a deployment is refused: the next subscriber cannot be added in a hurry.",
    fix="Move some subscribers to a stack of their own: a subscriber needs only the topic's ARN.",
    link=_CLOUDFORMATION,
)
def template_near_limit(template: Template) -> Iterator[Problem]:
    for section, limit in LIMITS.items():
        found = template.body.get(section)
        if isinstance(found, dict) and len(found) > SHARE * limit:
            yield Problem(template, f"{len(found)} {section.lower()} of {limit}")
    size = _size(template)
    if size > SHARE * MOST_BYTES:
        yield Problem(template, f"{size} bytes of {MOST_BYTES}")


def _size(template: Template) -> int:
    try:
        return template.size or len(json.dumps(template.body, separators=(",", ":")))
    except RecursionError:
        return 0


@rule(
    "macro-unseen",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="What is checked is what is deployed: a template after its macros.",
    why="A macro such as AWS::Serverless adds queues, mappings and policies that only CloudFormation sees. No rule can say"
    " anything about them.",
    fix="Check the processed template: aws cloudformation get-template --template-stage Processed.",
    link=_MACROS,
)
def macro_unseen(template: Template) -> Iterator[Problem]:
    for each in template.macros:
        yield Problem(template, f"{each}: what it adds cannot be seen here")
