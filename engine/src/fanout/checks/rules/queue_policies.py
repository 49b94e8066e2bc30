"""Who may send to a queue and publish to a topic: the topic must, others must not."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.delivery import may_deliver
from fanout.template.exclusive import open_condition
from fanout.template.links import Link
from fanout.template.messaging import policies_of, policy_statements, subscriptions
from fanout.template.policies import Statement, any_of
from fanout.template.senders import links
from fanout.template.template import Resource, Template
from fanout.template.types import QUEUE, TOPIC
from fanout.template.values import External, Text, as_list, shown

SNS = "sns.amazonaws.com"
SEND = "sqs:SendMessage"
SOURCES = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths")
"""Condition keys that say whose messages a service sends."""
_QUEUES = "https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html"
_DEAD_LETTERS = "https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html"
_DEPUTY = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
_BEST = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html"
_TOPICS = "https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html"


@rule(
    "queue-policy-missing",
    consequence=Consequence.LOST,
    what="A queue's policy lets in what is to send to it: topics, rules, buckets.",
    why="The sender is refused. That is a client error: SNS and EventBridge do not try again, and every message for this queue is"
    " discarded or goes to the sender's dead-letter queue. S3 refuses the configuration: the deployment fails.",
    fix="Add a queue policy that allows sqs:SendMessage on the queue to the service, with ArnEquals aws:SourceArn = the sender; no Deny"
    " may cover it: one by aws:PrincipalOrgID or aws:SourceVpce does, unless it asks for aws:PrincipalIsAWSService = false too.",
    link=_QUEUES,
)
def queue_policy_missing(template: Template) -> Iterator[Problem]:
    for each in links(template):
        queue = each.target
        if isinstance(queue, Resource) and queue.type == QUEUE and each.role is None and may_deliver(each) is False:
            yield Problem(queue, f"no policy lets {each.name} send to this queue", _fix(each))


@rule(
    "dead-letter-queue-policy-missing",
    consequence=Consequence.LOST,
    what="The policy of a subscription's or a rule's dead-letter queue lets its sender in.",
    why="The dead-letter queue refuses it as well: what cannot be delivered is discarded, although a RedrivePolicy is"
    " there.",
    fix="Add a queue policy to the dead-letter queue that allows sqs:SendMessage on that queue to the service, with ArnEquals"
    " aws:SourceArn = the sender; no Deny may cover it.",
    link=_DEAD_LETTERS,
)
def dead_letter_queue_policy_missing(template: Template) -> Iterator[Problem]:
    for each in links(template):
        target = each.dead_letter_queue
        if each.kind == "schedule":
            continue  # its role sends
        if isinstance(target, Resource) and target.type == QUEUE and may_deliver(each, target) is False:
            yield Problem(target, f"no policy lets {each.name} send to this dead-letter queue", _fix(each))


@rule(
    "imported-queue-policy-unseen",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="A subscribed queue that is not in the template has a policy somewhere that lets the topic send.",
    why="CDK adds no policy to an imported queue, without a word. If its owner has not added one, every message for it is"
    " discarded.",
    fix="Let the queue's owner allow sqs:SendMessage to sns.amazonaws.com with aws:SourceArn = the topic, then"
    " acknowledge this finding.",
    link=_QUEUES,
)
def imported_queue_policy_unseen(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        imported = isinstance(each.endpoint, External | Text | str) and each.protocol == "sqs"
        if imported and not _has_policy(template, each.endpoint):
            yield Problem(each.resource, f"the policy of the imported queue {shown(each.endpoint)} cannot be seen")


@rule(
    "queue-policy-without-source",
    consequence=Consequence.LEAKED,
    what="A queue policy that lets SNS in names whose messages: the topic in aws:SourceArn, or its account or organization.",
    why="Without it every topic of every account may send to the queue: SNS is the deputy of all its customers.",
    fix='Add Condition {"ArnEquals": {"aws:SourceArn": <topic ARN>}} to the statement.',
    link=_DEPUTY,
)
def queue_policy_without_source(template: Template) -> Iterator[Problem]:
    for policy, target, statement in policy_statements(template):
        for_sns = statement.is_for_service(SNS) is True and not statement.is_for_anyone()
        sends = target.type == QUEUE and statement.allows and statement.covers(SEND) is True
        if for_sns and sends and any_of(map(statement.has_condition, SOURCES)) is False:
            yield Problem(policy, f"lets any topic send to {target.id}: no aws:SourceArn")


@rule(
    "queue-policy-open",
    consequence=Consequence.LEAKED,
    what="A queue policy does not allow everybody.",
    why='Principal "*" without a condition lets every AWS account use the queue: forged messages come in, real ones can be'
    " read and deleted.",
    fix="Name the principal, or narrow the statement with aws:SourceArn, aws:SourceAccount or aws:PrincipalOrgID.",
    link=_BEST,
)
def queue_policy_open(template: Template) -> Iterator[Problem]:
    for policy, target, statement in policy_statements(template):
        if target.type == QUEUE and _is_open(statement):
            yield Problem(policy, f"allows everybody to use {target.id}")


@rule(
    "topic-policy-open",
    consequence=Consequence.LEAKED,
    what="A topic policy does not allow everybody.",
    why='Principal "*" without a condition lets every AWS account publish forged events, or subscribe and read the real'
    " ones.",
    fix="Name the principal, or narrow the statement with aws:SourceArn, aws:SourceOwner or aws:PrincipalOrgID.",
    link=_TOPICS,
)
def topic_policy_open(template: Template) -> Iterator[Problem]:
    for policy, target, statement in policy_statements(template):
        if target.type == TOPIC and _is_open(statement):
            yield Problem(policy, f"allows everybody to use {target.id}")


def _fix(sender: Link) -> str:
    condition = f"ArnEquals aws:SourceArn = {sender.name}"
    return (
        f"Allow sqs:SendMessage on the queue to {sender.service} in its policy, with {condition}; no Deny may cover it"
        " (one by aws:PrincipalOrgID or aws:SourceVpce does, unless it asks for aws:PrincipalIsAWSService = false too)."
    )


def _has_policy(template: Template, endpoint: object) -> bool:
    """Whether the template writes a policy for a queue it only knows by URL: whose it is cannot be told apart."""
    policies = template.of("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy")
    named = [one for each in policies for one in as_list(each.get("Queues")) + as_list(each.get("Queue"))]
    return any(not isinstance(template.target(one), Resource) for one in named)


def _is_open(statement: Statement) -> bool:
    return statement.allows and statement.is_for_anyone() and statement.is_narrowed() is False


@rule(
    "policy-overwritten",
    consequence=Consequence.LOST,
    what="A queue or a topic has one policy.",
    why="SQS and SNS keep one policy: the one that is set last replaces the other, and which is last is CloudFormation's choice. What"
    " the other allowed is refused, what it denied is open.",
    fix="Write all statements into one policy.",
    link="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html",
)
def policy_overwritten(template: Template) -> Iterator[Problem]:
    for target in template.of(QUEUE, TOPIC):
        every = list(dict.fromkeys(policy for policy, _ in policies_of(target)))
        conditions = {open_condition(each) for each in every}
        if len(every) > len(conditions) or (len(every) > 1 and None in conditions):
            names = " and ".join(each.path for each in every)
            yield Problem(target, f"has {len(every)} policies, {names}: only the one that is set last is kept")
