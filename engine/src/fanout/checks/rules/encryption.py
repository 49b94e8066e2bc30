"""Keys: whoever must read or write a message must be allowed to use its key."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.grants import role_documents, roles_of_policy
from fanout.template.links import Link
from fanout.template.macros import SERVERLESS
from fanout.template.messaging import Subscription, subscriptions
from fanout.template.policies import Statement, all_of, any_of, service_may, statements
from fanout.template.senders import links, other_services, service_of
from fanout.template.template import Resource, Template
from fanout.template.types import KEY, QUEUE, TOPIC
from fanout.template.values import UNKNOWN, Value, as_list, ends_with

SNS = "sns.amazonaws.com"
RIGHTS = ("kms:GenerateDataKey", "kms:Decrypt")
_QUEUES = "https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html"
_MANAGEMENT = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
_CYCLE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"
_DEPUTY = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
_ALIAS = "AWS::KMS::Alias"


@rule(
    "queue-key-refuses-sns",
    consequence=Consequence.LOST,
    what="SNS may use the key of each subscribed queue and of each subscription's dead-letter queue.",
    why="SNS is refused by KMS. That is a client error: SNS does not try again, and the message is discarded. CDK adds the"
    " right for the queue's key, not for the key of the subscription's dead-letter queue: there it is lost twice.",
    fix="Allow sns.amazonaws.com kms:GenerateDataKey and kms:Decrypt in the key's policy, with aws:SourceArn = the topic.",
    link=_QUEUES,
)
def queue_key_refuses_sns(template: Template) -> Iterator[Problem]:
    for each in subscriptions(template):
        for queue in _queues(each):
            key = key_of(queue)
            names = (service_of(each.resource), *other_services(each.resource))
            if key is not None and any_of(_may_use(key, name, each.topic) for name in names) is False:
                yield Problem(queue, f"the policy of its key {key.id} does not let SNS encrypt for {_name(each.topic)}")


@rule(
    "queue-aws-managed-key",
    consequence=Consequence.LOST,
    what="No queue that a service sends to (SNS, EventBridge, S3), and no dead-letter queue of such a sender, is encrypted with"
    " alias/aws/sqs.",
    why="Nobody can let a service use an AWS managed key. Every message for the queue is refused by KMS and discarded; S3 refuses the"
    " configuration.",
    fix="Set SqsManagedSseEnabled to true in the place of KmsMasterKeyId, or use a customer managed key that lets the service in.",
    link=_QUEUES,
)
def queue_aws_managed_key(template: Template) -> Iterator[Problem]:
    for queue, sender in _sent_to(template, QUEUE):
        if ends_with(queue.get("KmsMasterKeyId"), "alias/aws/sqs"):
            yield Problem(
                queue, f"KmsMasterKeyId is alias/aws/sqs, which {sender.service} may not use for {sender.name}"
            )


@rule(
    "topic-aws-managed-key",
    consequence=Consequence.LOST,
    what="No topic that EventBridge or S3 publishes to is encrypted with alias/aws/sns.",
    why="Nobody can let a service use an AWS managed key. What EventBridge publishes is refused by KMS and lost; S3 refuses the"
    " configuration.",
    fix="Use a customer managed key that lets the service in, or leave the topic without a key.",
    link=_MANAGEMENT,
)
def topic_aws_managed_key(template: Template) -> Iterator[Problem]:
    for topic, sender in _sent_to(template, TOPIC):
        if ends_with(topic.get("KmsMasterKeyId"), "alias/aws/sns"):
            yield Problem(
                topic, f"KmsMasterKeyId is alias/aws/sns, which {sender.service} may not use for {sender.name}"
            )


@rule(
    "key-refuses-sender",
    consequence=Consequence.LOST,
    what="A service that sends to an encrypted queue or topic (EventBridge, S3) may use its key.",
    why="KMS refuses the service: what EventBridge sends is lost, and S3 refuses the configuration.",
    fix="Allow the service kms:GenerateDataKey and kms:Decrypt in the key's policy, with aws:SourceArn = the sender.",
    link=_MANAGEMENT,
)
def key_refuses_sender(template: Template) -> Iterator[Problem]:
    for each in links(template):
        for owner in (each.target, each.dead_letter_queue):
            if each.kind == "topic" or each.role is not None or not isinstance(owner, Resource):
                continue
            key = key_of(owner) if owner.type in (QUEUE, TOPIC) else None
            if key is not None and _may_use(key, each.service, each.source) is False:
                yield Problem(owner, f"the policy of its key {key.id} does not let {each.service} in for {each.name}")


@rule(
    "dependency-cycle",
    consequence=Consequence.REFUSED,
    what="No resource needs, by way of others, itself: such as one key for a topic and for its subscribed queues.",
    why="CloudFormation refuses the template. The usual ones: a key whose policy names the topic that it encrypts, and a"
    " dead-letter queue whose RedriveAllowPolicy refers to the queue that refers to it.",
    fix="Use one key for the topic and another for the queues; leave RedriveAllowPolicy at its default.",
    link=_CYCLE,
)
def dependency_cycle(template: Template) -> Iterator[Problem]:
    for cycle in template.remember(_cycles):
        if any(template.resources[each].type.startswith(SERVERLESS) for each in cycle):
            continue  # SAM moves events and preferences out of a function
        yield Problem(template.resources[cycle[0]], f"a cycle: {' -> '.join([*cycle, cycle[0]])}")


@rule(
    "publisher-without-key-rights",
    consequence=Consequence.LOST,
    what="Who may publish to an encrypted topic may use its key.",
    why="Publish is refused by KMS: the publisher gets an error for every event, although sns:Publish is allowed.",
    fix="Allow kms:GenerateDataKey* and kms:Decrypt on the topic's key in the same policy (CDK: topic.grant_publish).",
    link=_MANAGEMENT,
)
def publisher_without_key_rights(template: Template) -> Iterator[Problem]:
    for policy, documents in _identity_policies(template):
        granted = [each for document in documents for each in statements(document) or [] if each.allows]
        if any(statements(document) is None for document in documents):
            continue
        for topic in _may_publish_to(template, statements(documents[0]) or []):
            key = key_of(topic)
            if key is not None and all_of(_granted(template, granted, right, key) for right in RIGHTS) is False:
                yield Problem(policy, f"allows sns:Publish to {topic.path}, but not the use of its key {key.id}")


@rule(
    "key-open-to-service",
    consequence=Consequence.LEAKED,
    what="A key policy that lets SNS in names whose messages: aws:SourceArn or aws:SourceAccount.",
    why="Without a condition SNS may use the key on behalf of any of its customers.",
    fix='Add Condition {"ArnEquals": {"aws:SourceArn": <topic ARN>}} (CDK: the feature flag'
    " @aws-cdk/aws-sns-subscriptions:restrictSqsDescryption).",
    link=_DEPUTY,
)
def key_open_to_service(template: Template) -> Iterator[Problem]:
    for key in template.of(KEY):
        for statement in statements(key.document("KeyPolicy")) or []:
            for_sns = statement.is_for_service(SNS) is True and not statement.is_for_anyone()
            if for_sns and statement.allows and statement.is_narrowed() is False:
                yield Problem(key, "lets SNS use it for anybody: the statement has no condition")


def key_of(owner: Resource) -> Resource | None:
    """The customer managed key of a queue or topic, when the template has it."""
    found = owner.template.resource(owner.get("KmsMasterKeyId"))
    if found is not None and found.type == _ALIAS:
        found = found.template.resource(found.get("TargetKeyId"))
    return found if found is not None and found.type == KEY else None


def _sent_to(template: Template, *types: str) -> Iterator[tuple[Resource, Link]]:
    """Each queue or topic that a service sends to, as target or as dead-letter queue, with the first such sender."""
    found: dict[Resource, Link] = {}
    for each in links(template):
        for target in (each.target, each.dead_letter_queue):
            if isinstance(target, Resource) and target.type in types and each.role is None:
                found.setdefault(target, each)
    return iter(found.items())


def _queues(subscription: Subscription) -> list[Resource]:
    found = [subscription.queue, subscription.dead_letter_queue if subscription.loses else None]
    return [each for each in found if isinstance(each, Resource) and each.type == QUEUE]


def _may_use(key: Resource, service: str, source: Value) -> bool | None:
    policy = key.document("KeyPolicy")
    return all_of(service_may(key.template, policy, service=service, action=right, source=source) for right in RIGHTS)


def _identity_policies(template: Template) -> Iterator[tuple[Resource, list[Value]]]:
    """Each IAM policy: its own document, then those of the roles it is attached to."""
    for policy in template.of("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
        others = [document for role in roles_of_policy(policy) for document in role_documents(role)]
        yield policy, [policy.document("PolicyDocument"), *others]
    for role in template.of("AWS::IAM::Role"):
        documents = list(role_documents(role))
        for inline in as_list(role.get("Policies")):
            yield role, [inline.get("PolicyDocument") if isinstance(inline, dict) else UNKNOWN, *documents]


def _may_publish_to(template: Template, found: list[Statement]) -> list[Resource]:
    resources = [
        template.resource(resource)
        for each in found
        if each.allows and each.covers("sns:Publish")
        for resource in as_list(each.body.get("Resource"))
    ]
    return list(dict.fromkeys(each for each in resources if each is not None and each.type == TOPIC))


def _granted(template: Template, found: list[Statement], right: str, key: Resource) -> bool | None:
    return any_of(all_of([each.covers(right), _on(template, each, key)]) for each in found)


def _on(template: Template, statement: Statement, key: Resource) -> bool | None:
    resources = as_list(statement.body.get("Resource"))
    return any_of(None if each is UNKNOWN else each == "*" or template.target(each) is key for each in resources)


def _cycles(template: Template) -> list[list[str]]:
    """One cycle of each group of resources that need each other."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in template.dependencies:
        path, stack = [start], [iter(sorted(template.dependencies[start]))] if start not in done else []
        while stack:
            nearest = next(stack[-1], None)
            if nearest is None:
                stack.pop()
                done.add(path.pop())
            elif nearest in path:
                found.append(path[path.index(nearest) :])
                done |= set(path)
                stack.clear()
            elif nearest not in done:
                path.append(nearest)
                stack.append(iter(sorted(template.dependencies[nearest])))
    return found


def _name(topic: Value) -> str:
    return topic.path if isinstance(topic, Resource) else "the topic"
