"""Which stack, and what is in it: found through its outputs, or from its topic, never through the source tree."""

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.of_topic import find_by_topic, is_topic_arn
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber

_TOPIC = names.TOPIC_ARN_OUTPUT
_SUBSCRIPTION, _DELIVERY = names.SUBSCRIPTION_ARN_OUTPUT, names.DELIVERY_ARN_OUTPUT
_QUEUE, _DEAD, _FUNCTION = names.QUEUE_URL_OUTPUT, names.DEAD_LETTER_QUEUE_URL_OUTPUT, names.FUNCTION_NAME_OUTPUT
_OF_A_WORKER = (names.SERVICE_ARN_OUTPUT, names.WORKER_ROLE_ARN_OUTPUT)


_DESCRIBED = re.compile(rf"{names.OF_TASK}(\S+?)({names.WITH_BACKFILL})?")


def find(aws: Aws, name: str) -> Stack:
    """One DescribeStacks; and where its outputs are not described, a question for each subscriber's task, side by side.

    `name` may be a topic's ARN, of whoever made it: then its subscriptions lead to all the rest. It may be a stack's ARN:
    the stack has its own name all the same, as journals, alarms and metrics know it by that.
    """
    if is_topic_arn(name):
        return find_by_topic(aws, name)
    try:
        described = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            region = aws.cloudformation.meta.region_name
            raise OpsError(
                f"no stack {name} in {region} for these credentials: check --env or --stack, --region and --profile"
            ) from None
        raise
    if name.startswith("arn:"):
        name = described["StackId"].split("/")[1]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    said = {each["OutputKey"]: each.get("Description", "") for each in described.get("Outputs", [])}
    ids = [key.removesuffix(_DEAD) for key in outputs if key.endswith(_DEAD)]
    complete = [id_ for id_ in ids if id_ + _QUEUE in outputs and _runs(id_, outputs)]
    subscribed = [key.removesuffix(_SUBSCRIPTION) for key in outputs if key.endswith(_SUBSCRIPTION)]
    complete += [id_ for id_ in subscribed if id_ + _FUNCTION in outputs]
    if not complete and not any(key.endswith((_TOPIC, names.INTAKE_TABLE_OUTPUT)) for key in outputs):
        raise OpsError(f"the stack {name} has no TopicArn and no subscriber among its outputs: it is none of ours")
    subscribers = tuple(in_lanes(lambda id_: _subscriber(aws, id_, outputs, said), sorted(complete)))
    deliveries = tuple(
        DeployedSubscriber(aws, id_, id_, "", outputs[id_ + _DEAD], "", subscription_arn=outputs[id_ + _DELIVERY])
        for id_ in sorted(ids)
        if id_ + _DELIVERY in outputs
    )
    return Stack(
        aws,
        name,
        described["StackId"],
        described["StackStatus"],
        outputs,
        subscribers,
        deliveries=deliveries,
        unseen=tuple(_incomplete(outputs, said, {*complete, *(each.id for each in deliveries)})),
    )


def _incomplete(outputs: dict[str, str], said: dict[str, str], seen: set[str]) -> Iterator[str]:
    """Of each queue that is a task's, and is told without what belongs to it. A queue's output alone may be of anything."""
    of_a_task = (_QUEUE, _DEAD, _FUNCTION)
    for id_ in sorted({key.removesuffix(_DEAD).removesuffix(_QUEUE) for key in outputs if key.endswith(_QUEUE)} - seen):
        missing = [id_ + each for each in of_a_task if id_ + each not in outputs]
        if len(missing) == 1 or _described(id_, said):
            yield f"{id_}: the stack has no output {' and no '.join(missing)}, so it is left out"


def _subscriber(aws: Aws, id_: str, outputs: dict[str, str], said: dict[str, str]) -> DeployedSubscriber:
    described = _described(id_, said)
    task, has_backfill = described or _asked(aws, id_, outputs)
    return DeployedSubscriber(
        aws,
        id_,
        task,
        outputs.get(id_ + _QUEUE, ""),
        outputs.get(id_ + _DEAD, ""),
        outputs.get(id_ + _FUNCTION, ""),
        outputs.get(names.RECORDS_TABLE_OUTPUT),
        outputs.get(id_ + _SUBSCRIPTION, ""),
        outputs.get(id_ + names.SERVICE_ARN_OUTPUT, ""),
        outputs.get(id_ + names.LOG_GROUP_OUTPUT, ""),
        has_backfill,
        is_measured=described is not None,
    )


def _runs(id_: str, outputs: dict[str, str]) -> bool:
    """Whether something takes messages from its queue."""
    return any(id_ + each in outputs for each in (_FUNCTION, *_OF_A_WORKER))


def _described(id_: str, said: dict[str, str]) -> tuple[str, bool] | None:
    """Its task, and whether it has a backfill, as the description of its queue's output says, or of its function's."""
    found = _DESCRIBED.fullmatch(said.get(id_ + _QUEUE) or said.get(id_ + _FUNCTION) or "")
    return (found[1], found[2] is not None) if found else None


def _asked(aws: Aws, id_: str, outputs: dict[str, str]) -> tuple[str, bool]:
    """The same by the tags of its queue; where it was deleted by hand, or may not be asked, of the other queue, or the
    output's word in snake case. Of what has no queue, by its function's variable."""
    if id_ + _SUBSCRIPTION in outputs:
        return _called(aws, outputs[id_ + _FUNCTION]) or _snake(id_), False
    for url in (outputs[id_ + _QUEUE], outputs[id_ + _DEAD]):
        try:
            tags = aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        except ClientError:
            continue
        if names.TASK_TAG in tags:
            return tags[names.TASK_TAG], names.BACKFILL_TAG in tags
    return _snake(id_), False


def _called(aws: Aws, function: str) -> str | None:
    try:
        variables = aws.functions.get_function_configuration(FunctionName=function).get("Environment", {})
    except ClientError:
        return None
    return variables.get("Variables", {}).get(names.TASK)


def _snake(id_: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", id_).lower()
