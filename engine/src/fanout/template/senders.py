"""Every link of a template: who of its resources sends to what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fanout.template.links import BUCKET, PIPE, RULE, SCHEDULE, Link
from fanout.template.messaging import function_of, subscriptions
from fanout.template.state_machines import tasks
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import QUEUE
from fanout.template.values import UNKNOWN, Text, Value, as_list, shown


def links(template: Template) -> list[Link]:
    """Those whose owner is in this template."""
    return template.remember(_links)


def all_links(linked: Linked) -> list[Link]:
    """Those of every template."""
    return linked.remember(_all_links)


def _all_links(linked: Linked) -> list[Link]:
    return [each for template in linked.templates for each in links(template)]


def _links(template: Template) -> list[Link]:
    readers = (
        _of_subscriptions,
        _of_rules,
        _of_schedules,
        _of_buckets,
        _of_pipes,
        _of_receipts,
        _of_iot_rules,
        _of_hooks,
        _of_methods,
        _of_integrations,
        _of_state_machines,
    )
    return [each for read in readers for each in read(template)]


def _of_subscriptions(template: Template) -> Iterator[Link]:
    for each in subscriptions(template):
        if each.protocol in ("sqs", "lambda", "firehose"):
            target = _function(template, each.endpoint) if each.protocol == "lambda" else each.endpoint
            service = service_of(each.resource)
            others = other_services(each.resource)
            yield Link("topic", each.resource, service, each.topic, target, each.dead_letter_queue, others=others)


def service_of(subscription: Resource) -> str:
    """SNS by its own name, or, for a topic in an opt-in Region that is not the subscription's own, by that Region's.

    https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html
    """
    region = subscription.get("Region")
    return f"sns.{region}.amazonaws.com" if region in OPT_IN else "sns.amazonaws.com"


def other_services(subscription: Resource) -> tuple[str, ...]:
    """As whom SNS may deliver too: into an opt-in Region by that Region's name, and a template does not say where it goes."""
    return tuple(f"sns.{each}.amazonaws.com" for each in sorted(OPT_IN)) if subscription.get("Region") else ()


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


def _of_integrations(template: Template) -> Iterator[Link]:
    """Of an HTTP API: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html"""
    for each in template.of("AWS::ApiGatewayV2::Integration"):
        if each.get("IntegrationSubtype") == "SQS-SendMessage":
            to, role = each.get("RequestParameters", "QueueUrl"), each.get("CredentialsArn") or UNKNOWN
            target = template.target(to)
            yield Link("API integration", each, _API, each, target, None, role, takes_dead_letters=False)


def _of_state_machines(template: Template) -> Iterator[Link]:
    """Their tasks by Amazon States Language: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html"""
    for machine in template.of("AWS::StepFunctions::StateMachine"):
        for task in tasks(machine):
            for word, key in (("sqs:sendMessage", "QueueUrl"), ("sns:publish", "TopicArn")):
                given = task.get("Parameters") or task.get("Arguments")
                if word in shown(task.get("Resource")) and isinstance(given, dict) and given.get(key) is not None:
                    target, role = template.target(given[key]), machine.get("RoleArn") or UNKNOWN
                    group = given.get("MessageGroupId", given.get("MessageGroupId.$"))
                    yield Link(
                        "state machine", machine, _STATES, machine, target, None, role, group, takes_dead_letters=False
                    )


_API, _STATES = "apigateway.amazonaws.com", "states.amazonaws.com"


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
