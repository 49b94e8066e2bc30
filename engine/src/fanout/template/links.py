"""Who sends to what: every way in which one resource of a template delivers to a queue, a topic or a function.

One `Link` a delivery. `service` sends on behalf of `source` and is let in by the target's own policy, or, where `role` is given, by
the policies of that role. Each kind's documentation says which:

    SNS subscription     https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html
    EventBridge rule     https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    Scheduler            https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
    S3 notification      https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    pipe                 https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
    SES receipt rule     https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html
    IoT rule             https://docs.aws.amazon.com/iot/latest/developerguide/iot-create-role.html
    lifecycle hook       https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html
    API method           https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-s3.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fanout.template.messaging import function_of, subscriptions
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION, QUEUE, TOPIC
from fanout.template.values import UNKNOWN, Text, Value, as_list, shown

RULE, SCHEDULE, BUCKET, PIPE = "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::S3::Bucket", "AWS::Pipes::Pipe"
ACTIONS = {QUEUE: "sqs:SendMessage", TOPIC: "sns:Publish", FUNCTION: "lambda:InvokeFunction"}
"""What a sender must be allowed to do to a resource of each type."""


@dataclass(frozen=True)
class Link:
    """`owner` is the resource in which the delivery is written; `source` is whose messages they are, for aws:SourceArn."""

    kind: str
    owner: Resource
    service: str
    source: Value
    target: Value
    dead_letter_queue: Value = None
    """What takes undeliverable messages; None without one."""
    role: Value = None
    group: Value = None
    """The message group that is set for a FIFO target."""
    takes_dead_letters: bool = True
    """Whether such a delivery can have a dead-letter queue at all."""

    @property
    def action(self) -> str | None:
        return ACTIONS.get(self.target.type) if isinstance(self.target, Resource) else None

    @property
    def name(self) -> str:
        """Of its source, in a message."""
        return f"the {self.kind} {self.source.path if isinstance(self.source, Resource) else shown(self.source)}"


def links(template: Template) -> list[Link]:
    """Those whose owner is in this template."""
    return template.remember(_links)


def all_links(template: Template) -> list[Link]:
    """Those of the template and of the ones it was checked with."""
    return [each for one in (template, *template.siblings) for each in links(one)]


def links_to(resource: Resource) -> list[Link]:
    return [each for each in all_links(resource.template) if each.target is resource]


def _links(template: Template) -> list[Link]:
    readers = (
        _of_subscriptions,
        _of_rules,
        _of_schedules,
        _of_buckets,
        _of_pipes,
        _of_receipts,
        _of_hooks,
        _of_methods,
    )
    return [each for read in readers for each in read(template)]


def _of_subscriptions(template: Template) -> Iterator[Link]:
    for each in subscriptions(template):
        if each.protocol in ("sqs", "lambda", "firehose"):
            target = _function(template, each.endpoint) if each.protocol == "lambda" else each.endpoint
            service = service_of(each.resource)
            yield Link("topic", each.resource, service, each.topic, target, each.dead_letter_queue)


def service_of(subscription: Resource) -> str:
    """SNS by its own name, or, for a topic in an opt-in Region that is not the subscription's own, by that Region's.

    https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html
    """
    region = subscription.get("Region")
    return f"sns.{region}.amazonaws.com" if region in OPT_IN else "sns.amazonaws.com"


OPT_IN = frozenset(
    "af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7"
    " ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1".split()
)
"""Regions that an account must switch on: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"""


def _of_rules(template: Template) -> Iterator[Link]:
    for rule in template.of(RULE):
        for each in _dicts(rule.get("Targets")):
            target = _function(template, template.target(each.get("Arn")))
            group = _inside(each, "SqsParameters", "MessageGroupId")
            dead = _dead_letters(template, _inside(each, "DeadLetterConfig", "Arn"), each.get("DeadLetterConfig"))
            yield Link("rule", rule, "events.amazonaws.com", rule, target, dead, each.get("RoleArn"), group)


def _of_schedules(template: Template) -> Iterator[Link]:
    for schedule in template.of(SCHEDULE):
        each = schedule.get("Target")
        if isinstance(each, dict) and not _is_universal(each.get("Arn")):
            target = _function(template, template.target(each.get("Arn")))
            group = _inside(each, "SqsParameters", "MessageGroupId")
            dead = _dead_letters(template, _inside(each, "DeadLetterConfig", "Arn"), each.get("DeadLetterConfig"))
            role = each.get("RoleArn", UNKNOWN)
            yield Link("schedule", schedule, "scheduler.amazonaws.com", schedule, target, dead, role, group)


def _is_universal(arn: Value) -> bool:
    """A call of any service's API, whose target is in its input."""
    return ":aws-sdk:" in shown(arn)


def _of_buckets(template: Template) -> Iterator[Link]:
    for bucket in template.of(BUCKET):
        for list_, key in (
            ("QueueConfigurations", "Queue"),
            ("TopicConfigurations", "Topic"),
            ("LambdaConfigurations", "Function"),
        ):
            for each in _dicts(bucket.get("NotificationConfiguration", list_)):
                target = _function(template, template.target(each.get(key)))
                yield Link("bucket", bucket, "s3.amazonaws.com", bucket, target, takes_dead_letters=False)


def _of_pipes(template: Template) -> Iterator[Link]:
    for pipe in template.of(PIPE):
        target = _function(template, template.target(pipe.get("Target")))
        group = pipe.get("TargetParameters", "SqsQueueParameters", "MessageGroupId")
        role = pipe.get("RoleArn") or UNKNOWN
        yield Link("pipe", pipe, "pipes.amazonaws.com", pipe, target, None, role, group, takes_dead_letters=False)


def pipes_from_queues(template: Template) -> list[tuple[Resource, Resource]]:
    """Each pipe that takes messages from a queue of the templates, with the queue."""
    sources = [(pipe, template.target(pipe.get("Source"))) for pipe in template.of(PIPE)]
    return [(pipe, queue) for pipe, queue in sources if isinstance(queue, Resource) and queue.type == QUEUE]


def _of_receipts(template: Template) -> Iterator[Link]:
    for rule in template.of("AWS::SES::ReceiptRule"):
        for action in _dicts(rule.get("Rule", "Actions")):
            for name in ("SNSAction", "S3Action", "BounceAction"):
                topic = _inside(action, name, "TopicArn")
                if topic is not None:
                    target = template.target(topic)
                    yield Link("receipt rule", rule, "ses.amazonaws.com", rule, target, takes_dead_letters=False)


def _of_iot_rules(template: Template) -> Iterator[Link]:
    for rule in template.of("AWS::IoT::TopicRule"):
        for action in _dicts(rule.get("TopicRulePayload", "Actions")):
            for name, key in (("Sqs", "QueueUrl"), ("Sns", "TargetArn"), ("Lambda", "FunctionArn")):
                to = _inside(action, name, key)
                if to is not None:
                    role = None if name == "Lambda" else _inside(action, name, "RoleArn") or UNKNOWN
                    target = _function(template, template.target(to))
                    yield Link(
                        "IoT rule", rule, "iot.amazonaws.com", rule, target, None, role, takes_dead_letters=False
                    )


def _of_hooks(template: Template) -> Iterator[Link]:
    for hook in template.of("AWS::AutoScaling::LifecycleHook"):
        to = hook.get("NotificationTargetARN")
        if to is not None:
            role = hook.get("RoleARN") or UNKNOWN
            target = template.target(to)
            yield Link(
                "lifecycle hook", hook, "autoscaling.amazonaws.com", hook, target, None, role, takes_dead_letters=False
            )


def _of_methods(template: Template) -> Iterator[Link]:
    """`arn:aws:apigateway:REGION:sqs:path/ACCOUNT/QUEUE`: the queue is named at the end."""
    for method in template.of("AWS::ApiGateway::Method"):
        uri = method.get("Integration", "Uri")
        parts = uri.parts if isinstance(uri, Text) else (uri,)
        if ":sqs:path" in shown(uri) and parts and _sends(method):
            role = method.get("Integration", "Credentials") or UNKNOWN
            target = template.target(parts[-1])
            yield Link(
                "API method", method, "apigateway.amazonaws.com", method, target, None, role, takes_dead_letters=False
            )


def _sends(method: Resource) -> bool:
    """Whether what it asks SQS for is SendMessage, by the text of its request templates or by a parameter."""
    asked = [
        *_texts(method.get("Integration", "RequestTemplates")),
        *_texts(method.get("Integration", "RequestParameters")),
    ]
    return any("SendMessage" in each for each in asked)


def _texts(value: Value) -> list[str]:
    return [shown(each) for each in value.values()] if isinstance(value, dict) else []


def _function(template: Template, target: Value) -> Value:
    """An alias or a version stands for its function."""
    if isinstance(target, Resource) and target.type.startswith("AWS::Lambda::"):
        return function_of(template, target) or target
    return target


def _dead_letters(template: Template, arn: Value, given: Value) -> Value:
    if given is None:
        return None
    return UNKNOWN if arn is None or arn is UNKNOWN else template.target(arn)


def _inside(node: Value, *keys: str) -> Value:
    for key in keys:
        if not isinstance(node, dict):
            return UNKNOWN if node is UNKNOWN else None
        node = node.get(key)
    return node


def _dicts(value: Value) -> list[dict[str, Any]]:
    return [each for each in as_list(value) if isinstance(each, dict)]
