"""A fan-out that no stack of ours made, found from its topic: each subscription, its queues, and what takes their messages.

Nothing is read from a stack's outputs, so it may be made by Terraform, SAM or by hand.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from fanout import names
from fanout.aws_errors import code_of, one_line
from fanout.errors import OpsError
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber, attributes_of

_GONE: Final = ("NotFound", "NotFoundException")
_OF_US: Final = ("sqs", "lambda")
"""Protocols that have a task behind them; of all others only what SNS could not deliver is looked at."""


def is_topic_arn(name: str) -> bool:
    return name.startswith("arn:") and name.split(":")[2:3] == ["sns"]


def find_by_topic(aws: Aws, arn: str) -> Stack:
    """Its subscribers, and in `unseen` what could not be followed. Raises OpsError where the topic is not there."""
    region, _, name = arn.split(":", 5)[3:] if arn.count(":") == 5 else ("", "", "")
    if not name:
        raise OpsError(f"{arn} is no topic's ARN: expected arn:aws:sns:REGION:ACCOUNT:NAME")
    if region != aws.region:
        raise OpsError(f"the topic {name} is in {region}, and {aws.region} is asked: give --region {region}")
    try:
        pages = list(aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn))
    except ClientError as error:
        if code_of(error) in _GONE:
            raise OpsError(f"no topic {name} in {region} for these credentials: check --stack and --profile") from None
        raise
    listed = [each for page in pages for each in page["Subscriptions"]]
    if not listed:
        raise OpsError(f"the topic {name} has no subscription: nobody gets its events")
    found = in_lanes(lambda each: _followed(aws, each), listed)
    subscribers = _with_names_of_their_own([each for each in found if isinstance(each, DeployedSubscriber)])
    return Stack(
        aws,
        name,
        arn,
        "",
        {names.TOPIC_ARN_OUTPUT: arn},
        tuple(each for each in subscribers if each.queue_url or each.function_name),
        deliveries=tuple(each for each in subscribers if not (each.queue_url or each.function_name)),
        unseen=tuple(each for each in found if isinstance(each, str)),
    )


def _followed(aws: Aws, subscription: Mapping[str, Any]) -> DeployedSubscriber | str | None:
    """Or why it could not be; None of what hands events to nobody of ours and keeps nothing."""
    arn, protocol = str(subscription["SubscriptionArn"]), str(subscription["Protocol"])
    whose = subscription["Endpoint"].rpartition(":")[2] if protocol in _OF_US else f"a subscription by {protocol}"
    if not arn.startswith("arn:"):
        return f"{whose}: its subscription is not confirmed, and gets nothing"
    try:
        if protocol == "sqs":
            return _queued(aws, subscription["Endpoint"])
        kept = _queue_of_subscription(aws, arn)
        if protocol == "lambda":
            return _called(aws, subscription["Endpoint"], arn, kept)
    except (ClientError, OpsError) as error:
        return f"{whose}: {error if isinstance(error, OpsError) else one_line(error)}"
    name = f"{protocol}-{arn.rpartition('-')[2]}"
    return DeployedSubscriber(aws, name, name, "", kept, "", subscription_arn=arn) if kept else None


def _queued(aws: Aws, arn: str) -> DeployedSubscriber:
    url = _url(aws, arn)
    attributes = attributes_of(aws, url)
    dead = _target(attributes.get("RedrivePolicy"))
    dead_url = _url(aws, dead) if dead else ""
    mappings = aws.functions.get_paginator("list_event_source_mappings").paginate(EventSourceArn=arn)
    functions = sorted({each["FunctionArn"] for page in mappings for each in page["EventSourceMappings"]})
    if len(functions) > 1:
        raise OpsError(f"{len(functions)} functions take its messages, so what becomes of one is not known")
    variables = _variables(aws, functions[0]) if functions else {}
    tags = aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    function = functions[0].split(":")[6] if functions else ""
    task = variables.get(names.TASK) or tags.get(names.TASK_TAG) or function or arn.rpartition(":")[2]
    return DeployedSubscriber(
        aws,
        task,
        task,
        url,
        dead_url,
        function,
        variables.get(names.COMPLETED_TABLE),
        has_runtime=names.TASK in variables or (not functions and names.TASK_TAG in tags),
        sharing=_sharing(aws, dead_url, url) if dead_url else (),
    )


def _called(aws: Aws, arn: str, subscription: str, kept: str) -> DeployedSubscriber:
    """SNS keeps what it could not hand over in the subscription's queue; Lambda what failed in the function's."""
    variables, function = _variables(aws, arn), arn.split(":")[6]
    told = aws.functions.get_function_configuration(FunctionName=arn)
    dead = str(told.get("DeadLetterConfig", {}).get("TargetArn", ""))
    url = kept or (_url(aws, dead) if ":sqs:" in dead else "")
    task = variables.get(names.TASK) or function
    table = variables.get(names.COMPLETED_TABLE)
    return DeployedSubscriber(
        aws, task, task, "", url, function, table, subscription, has_runtime=names.TASK in variables
    )


def _variables(aws: Aws, function: str) -> dict[str, str]:
    told = aws.functions.get_function_configuration(FunctionName=function)
    return dict(told.get("Environment", {}).get("Variables", {}))


def _queue_of_subscription(aws: Aws, arn: str) -> str:
    """The URL of the queue of what SNS could not deliver; "" where there is none."""
    attributes = aws.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    dead = _target(attributes.get("RedrivePolicy"))
    return _url(aws, dead) if dead else ""


def _target(policy: str | None) -> str:
    """Of a redrive policy; "" where there is none, or none that can be read."""
    try:
        read = json.loads(policy or "{}")
    except ValueError:
        return ""
    return str(read.get("deadLetterTargetArn", "")) if isinstance(read, dict) else ""


def _url(aws: Aws, arn: str) -> str:
    """Raises OpsError of another Region's queue, and what SQS says."""
    region, account, name = arn.split(":")[3:6]
    if region != aws.region:
        raise OpsError(f"the queue {name} is in {region}, and {aws.region} is asked")
    return aws.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def _sharing(aws: Aws, dead_url: str, url: str) -> tuple[str, ...]:
    """Other queues that bury in the same one."""
    pages = aws.sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead_url)
    names_ = {each.rpartition("/")[2] for page in pages for each in page.get("queueUrls", ())}
    return tuple(sorted(names_ - {url.rpartition("/")[2]}))


def _with_names_of_their_own(found: list[DeployedSubscriber]) -> list[DeployedSubscriber]:
    """Those of one name are told by their queues: a function may take the messages of several."""
    many = {name for name, number in Counter(each.task for each in found).items() if number > 1}
    named = (
        replace(each, id=each.queue_name, task=each.queue_name) if each.task in many and each.queue_url else each
        for each in found
    )
    return sorted(named, key=lambda each: each.task)
