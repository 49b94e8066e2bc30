"""A fan-out that no stack of ours made, found from its topic: each subscription, its queues, and what takes their messages.

Nothing is read from a stack's outputs, so it may be made by Terraform, SAM or by hand.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from fanout import names
from fanout.aws_errors import code_of, one_line
from fanout.errors import OpsError
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.mappings import function_of, is_on
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack, plain
from fanout.ops.aws.subscriber import DELIVERY, DeployedSubscriber, attributes_of
from fanout.words import counted

_GONE: Final = ("NotFound", "NotFoundException")
Found = DeployedSubscriber | str
"""What a subscription leads to, or a sentence on why it could not be followed."""


def is_topic_arn(name: str) -> bool:
    return name.startswith("arn:") and name.split(":")[2:3] == ["sns"]


def find_by_topic(aws: Aws, arn: str) -> Stack:
    """Its subscribers, and in `unseen` what could not be followed. Raises OpsError where it leads nowhere."""
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
    followed = [each for some in in_lanes(lambda each: _followed(aws, each), listed) for each in some]
    if not followed:
        many = counted(len(listed), "subscription")
        raise OpsError(f"the topic {name} has {many}, and none leads to a queue or a function: nothing is kept here")
    found = _told_apart(aws, [each for each in followed if isinstance(each, DeployedSubscriber)])
    return Stack(
        aws,
        name,
        arn,
        "",
        {names.TOPIC_ARN_OUTPUT: arn},
        tuple(each for each in found if each.kind != DELIVERY),
        deliveries=tuple(each for each in found if each.kind == DELIVERY),
        unseen=tuple(each for each in followed if isinstance(each, str)),
    )


def _followed(aws: Aws, subscription: Mapping[str, Any]) -> list[Found]:
    """Nothing of what hands events to nobody of ours and keeps none."""
    arn, protocol, endpoint = (str(subscription[each]) for each in ("SubscriptionArn", "Protocol", "Endpoint"))
    is_ours = protocol in ("sqs", "lambda")
    whose = endpoint.rpartition(":")[2] if is_ours else f"a subscription by {protocol}"
    if not arn.startswith("arn:"):
        return [f"{whose}: its subscription is not confirmed, and gets nothing"]
    try:
        attributes = aws.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        undelivered = _dead_letters(aws, attributes.get("RedrivePolicy"))
        if protocol == "sqs":
            found = _queued(aws, endpoint, is_raw=attributes.get("RawMessageDelivery") == "true")
        elif protocol == "lambda":
            found = _called(aws, endpoint, arn, undelivered)
        else:
            return [_delivery(aws, f"{protocol}-{arn.rpartition('-')[2]}", arn, undelivered)] if undelivered else []
    except (ClientError, OpsError) as error:
        return [f"{whose}: {error if isinstance(error, OpsError) else one_line(error)}"]
    if undelivered in ("", found.dead_letter_queue_url):
        return [found]
    return [found, _delivery(aws, f"{whose}-undelivered", arn, undelivered)]


def _delivery(aws: Aws, name: str, subscription: str, dead_url: str) -> DeployedSubscriber:
    """Of what SNS could not hand over."""
    return DeployedSubscriber(aws, name, name, "", dead_url, "", subscription_arn=subscription, has_runtime=False)


def _queued(aws: Aws, arn: str, *, is_raw: bool) -> DeployedSubscriber:
    url = _url(aws, arn)
    dead_url = _dead_letters(aws, attributes_of(aws, url).get("RedrivePolicy"))
    function = _consumer(aws, arn)
    variables = _variables(aws.functions.get_function_configuration(FunctionName=function)) if function else {}
    tags = aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    name = function_of(function)
    task = variables.get(names.TASK) or tags.get(names.TASK_TAG) or name or arn.rpartition(":")[2]
    return DeployedSubscriber(
        aws,
        task,
        task,
        url,
        dead_url,
        name,
        variables.get(names.COMPLETED_TABLE),
        has_runtime=names.TASK in variables or (not function and names.TASK_TAG in tags),
        is_raw=is_raw,
    )


def _consumer(aws: Aws, queue: str) -> str:
    """The ARN of the function that takes its messages, or would if nobody had paused it; "" where none does."""
    pages = aws.functions.get_paginator("list_event_source_mappings").paginate(EventSourceArn=queue)
    mappings = [each for page in pages for each in page["EventSourceMappings"]]
    if len(mappings) > 1:  # blue and green
        at_work = [each for each in mappings if is_on(each.get("State"))]
        mappings = at_work or [each for each in mappings if _is_held(aws, each)] or mappings
    found = {each["FunctionArn"] for each in mappings}
    if len(found) > 1:
        raise OpsError(f"{len(found)} functions are mapped to it, so what becomes of a message is not known")
    return next(iter(found), "")


def _is_held(aws: Aws, mapping: Mapping[str, Any]) -> bool:
    """By a pause or a circuit of ours, so that it is the one to go on."""
    tags = aws.functions.list_tags(Resource=mapping["EventSourceMappingArn"]).get("Tags", {})
    return names.PAUSED_TAG in tags or names.CIRCUIT_TAG in tags


def _called(aws: Aws, arn: str, subscription: str, undelivered: str) -> DeployedSubscriber:
    """What failed is where its function says; else, if anywhere, where what SNS could not hand over is."""
    told = aws.functions.get_function_configuration(FunctionName=arn)
    variables, function = _variables(told), arn.split(":", 6)[6]
    failed = _on_failure(aws, arn) or told.get("DeadLetterConfig", {}).get("TargetArn", "")
    dead_url = _url(aws, failed) if ":sqs:" in failed else undelivered
    task = variables.get(names.TASK) or function
    table = variables.get(names.COMPLETED_TABLE)
    return DeployedSubscriber(
        aws, task, task, "", dead_url, function, table, subscription, has_runtime=names.TASK in variables
    )


def _on_failure(aws: Aws, function: str) -> str:
    try:
        told = aws.functions.get_function_event_invoke_config(FunctionName=function)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return ""
    return told.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")


def _variables(function: Mapping[str, Any]) -> dict[str, str]:
    """Raises OpsError where they may not be read: whose function it is would be guessed."""
    environment = function.get("Environment", {})
    if error := environment.get("Error"):
        raise OpsError(f"its function's variables cannot be read: {error.get('ErrorCode', 'no reason given')}")
    return dict(environment.get("Variables", {}))


def _dead_letters(aws: Aws, policy: str | None) -> str:
    """The URL of the queue of a redrive policy; "" where there is none, or none that can be read."""
    try:
        read = json.loads(policy or "{}")
    except ValueError:
        return ""
    arn = str(read.get("deadLetterTargetArn", "")) if isinstance(read, dict) else ""
    return _url(aws, arn) if arn else ""


def _url(aws: Aws, arn: str) -> str:
    """Raises OpsError of another Region's queue, and what SQS says."""
    region, account, name = arn.split(":")[3:6]
    if region != aws.region:
        raise OpsError(f"the queue {name} is in {region}, and {aws.region} is asked")
    return aws.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def _told_apart(aws: Aws, found: list[DeployedSubscriber]) -> list[DeployedSubscriber]:
    """Each under a name of its own, and with whom it shares a dead-letter queue."""
    named = found
    for name_of in (lambda each: each.queue_name or each.task, _place, lambda each: f"{each.task}-{_place(each)}"):
        named = _renamed(named, name_of)
    buried: dict[str, dict[str, str]] = defaultdict(dict)
    for each in named:
        buried[each.dead_letter_queue_url][each.queue_name or each.subscription_arn] = each.queue_name or each.task
    urls = [url for url in buried if url]
    for url, sources in zip(urls, in_lanes(lambda url: _sources(aws, url), urls), strict=True):
        buried[url] |= {name: name for name in sources}

    def others(each: DeployedSubscriber) -> tuple[str, ...]:
        own = each.queue_name or each.subscription_arn
        return tuple(
            sorted(word for key, word in buried[each.dead_letter_queue_url].items() if key != own and each.buries)
        )

    return sorted((replace(each, sharing=others(each)) for each in named), key=lambda each: each.task)


def _renamed(
    found: Sequence[DeployedSubscriber], name_of: Callable[[DeployedSubscriber], str]
) -> list[DeployedSubscriber]:
    """Those of one name, as `subscriber` compares them; their records, if any, are under the other."""
    many = Counter(plain(each.task) for each in found)
    return [
        replace(each, id=name_of(each), task=name_of(each), records_table=None) if many[plain(each.task)] > 1 else each
        for each in found
    ]


def _place(each: DeployedSubscriber) -> str:
    return each.queue_name or f"{each.task}-{each.subscription_arn[-8:]}"


def _sources(aws: Aws, dead_url: str) -> set[str]:
    """Names of the queues that bury in it; where that may not be asked, somebody may."""
    try:
        pages = list(aws.sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead_url))
    except ClientError as error:
        return {f"perhaps others ({one_line(error)})"}
    return {url.rpartition("/")[2] for page in pages for url in page.get("queueUrls", ())}
