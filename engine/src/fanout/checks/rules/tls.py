"""Nothing over plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.dead_letters import dead_letter_queues
from fanout.template.messaging import policy_of
from fanout.template.policies import enforces_tls
from fanout.template.template import Template
from fanout.template.types import QUEUE, TOPIC

_QUEUES = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html"
_TOPICS = "https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html"
_FIX = 'Deny "*" with Condition {"Bool": {"aws:SecureTransport": "false"}} in its policy (CDK: enforce_ssl=True).'
_WHY = "AWS accepts plain HTTP unless the policy denies it: messages, with the personal data in them, can be read and"
_WHY += " changed on the way."


@rule(
    "topic-without-tls",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="A topic accepts TLS only.",
    why=_WHY,
    fix=_FIX,
    link=_TOPICS,
)
def topic_without_tls(template: Template) -> Iterator[Problem]:
    for topic in template.of(TOPIC):
        if enforces_tls(policy_of(topic), "sns:Publish") is False:
            yield Problem(topic, "no statement denies requests without TLS")


@rule(
    "queue-without-tls",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="A queue accepts TLS only.",
    why=_WHY,
    fix=_FIX,
    link=_QUEUES,
)
def queue_without_tls(template: Template) -> Iterator[Problem]:
    for queue in template.of(QUEUE):
        if queue not in dead_letter_queues(template) and enforces_tls(policy_of(queue), "sqs:SendMessage") is False:
            yield Problem(queue, "no statement denies requests without TLS")


@rule(
    "dead-letter-queue-without-tls",
    consequence=Consequence.HYGIENE,
    severity=Severity.WARNING,
    what="A dead-letter queue accepts TLS only.",
    why=_WHY,
    fix=_FIX,
    link=_QUEUES,
)
def dead_letter_queue_without_tls(template: Template) -> Iterator[Problem]:
    for queue in template.of(QUEUE):
        if queue in dead_letter_queues(template) and enforces_tls(policy_of(queue), "sqs:SendMessage") is False:
            yield Problem(queue, "no statement denies requests without TLS")
