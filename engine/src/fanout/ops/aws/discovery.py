"""Which stack, and what is in it: found through its outputs and tags, never through the source tree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws import service
from fanout.ops.aws.lanes import in_lanes
from fanout.ops.aws.line import LONGEST_LIFE
from fanout.ops.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef, FunctionConfigurationResponseTypeDef

TASK_TAG = names.TASK_TAG
_TOPIC = names.TOPIC_ARN_OUTPUT
_SUBSCRIPTION, _DELIVERY = names.SUBSCRIPTION_ARN_OUTPUT, names.DELIVERY_ARN_OUTPUT
FUNCTION, WORKER, DIRECT, DELIVERY = "function", "worker", "direct", "delivery"
"""Kinds: with a queue of its own, for a function or for workers; called by its topic; and without any task of ours."""
INVOKED = "lambda:"
"""Before the name of a function that is called in place of a queue that is sent to."""
_QUEUE, _DEAD, _FUNCTION = names.QUEUE_URL_OUTPUT, names.DEAD_LETTER_QUEUE_URL_OUTPUT, names.FUNCTION_NAME_OUTPUT
_OF_A_WORKER = (names.SERVICE_ARN_OUTPUT, names.WORKER_ROLE_ARN_OUTPUT)


@dataclass(frozen=True)
class DeployedSubscriber:
    """One task's queues, and what runs it. `task` is the word of the tag; `id` the one of the outputs. What its kind has not is "".

    `subscription_arn` is known of those that have no queue, as a topic calls their function, or hands on to no task of ours.
    `records_table` is the stack's; None where an engine before 0.4 deployed it.
    """

    aws: Aws = field(repr=False, compare=False)
    id: str
    task: str
    queue_url: str
    dead_letter_queue_url: str
    function_name: str
    records_table: str | None = None
    queue_tags: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """As they were when the stack was found; none where they could not be read."""
    subscription_arn: str = ""
    service_arn: str = ""
    worker_log_group: str = ""
    """Both "" where a team runs its worker itself."""

    @property
    def kind(self) -> str:
        if self.subscription_arn:
            return DIRECT if self.function_name else DELIVERY
        return FUNCTION if self.function_name else WORKER

    @property
    def target(self) -> str:
        """Where its events are sent by hand: its queue's URL, or its function. Raises OpsError where there is neither."""
        if self.kind == DELIVERY:
            raise OpsError(
                f"{self.task} is a delivery, and SNS hands nothing to one subscription twice: export its dead letters, hand"
                " them to the receiver yourself, and drop them"
            )
        return self.queue_url or f"{INVOKED}{self.function_name}"

    @property
    def buries(self) -> bool:
        """Whether it has a dead-letter queue."""
        return bool(self.dead_letter_queue_url)

    def require_queue(self, command: str) -> None:
        """Raises OpsError in one line, for what cannot be where nothing waits."""
        if not self.queue_url:
            raise OpsError(
                f"{self.task} has no queue in which events could wait, as its topic calls it: there is nothing to {command};"
                " to hold its events back it needs compute=Function() and a deployment"
            )

    @property
    def open_backfill(self) -> int | None:
        """How many days of archived events its deployment asks for, as long as nobody has sent them."""
        days = self.queue_tags.get(names.BACKFILL_TAG, "")
        return int(days) if days.isdecimal() and names.BACKFILLED_TAG not in self.queue_tags else None

    @property
    def is_fifo(self) -> bool:
        return self.queue_url.endswith(".fifo")

    @property
    def queue_name(self) -> str:
        return self.queue_url.rsplit("/", 1)[-1]

    @property
    def dead_letter_queue_name(self) -> str:
        return self.dead_letter_queue_url.rsplit("/", 1)[-1]

    @cached_property
    def function(self) -> "FunctionConfigurationResponseTypeDef":
        """OpsError of a worker."""
        if self.kind == WORKER:
            raise OpsError(f"{self.task} has no function, as a worker runs it")
        return self.aws.functions.get_function_configuration(FunctionName=self.function_name)

    @cached_property
    def variables(self) -> dict[str, str]:
        """What the task is told, by its function or by its worker's container; none of a worker elsewhere."""
        if self.kind != WORKER:
            return dict(self.function.get("Environment", {}).get("Variables", {}))
        if not self.service_arn:
            return {}
        return service.variables(self.aws, service.read(self.aws, self.service_arn).definition)

    @property
    def log_group(self) -> str:
        """ "" where the log is wherever its team has it."""
        if self.kind == WORKER:
            return self.worker_log_group
        return self.function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{self.function_name}"

    @property
    def longest_life(self) -> timedelta:
        """Of one attempt: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
        return timedelta(seconds=LONGEST_LIFE) if self.kind != WORKER else timedelta(hours=12)

    @cached_property
    def attempts(self) -> int:
        """How often the queue hands out a message before it is dead, or Lambda calls the function; 0 when that is not said."""
        if self.kind == DIRECT:
            delays = self.function.get("Environment", {}).get("Variables", {}).get(names.RETRY_DELAYS)
            return 0 if delays is None else 1 + len(list(filter(None, delays.split(","))))
        policy = self.attributes().get("RedrivePolicy", "")
        found = re.search(r'"maxReceiveCount"\s*:\s*"?(\d+)', policy)
        return int(found[1]) if found else 0

    def mapping(self) -> "EventSourceMappingConfigurationTypeDef":
        """As it is now: what feeds the queue's messages to the function."""
        found = self.aws.functions.list_event_source_mappings(FunctionName=self.function_name)["EventSourceMappings"]
        own = [each for each in found if each.get("EventSourceArn", "").rsplit(":", 1)[-1] == self.queue_name]
        if not own:
            raise OpsError(f"{self.task}: nothing feeds its queue to its function: deploy the stack again")
        return own[0]

    @property
    def _mapping_arn(self) -> str:
        return self.mapping()["EventSourceMappingArn"]

    def tags(self, mapping: "EventSourceMappingConfigurationTypeDef | None" = None) -> dict[str, str]:
        """Of the mapping, which is asked for unless it is given, or of a worker's queue: who paused it."""
        if self.kind == WORKER:
            return dict(self.aws.sqs.list_queue_tags(QueueUrl=self.queue_url).get("Tags", {}))
        arn = mapping["EventSourceMappingArn"] if mapping else self._mapping_arn
        return dict(self.aws.functions.list_tags(Resource=arn).get("Tags", {}))

    def tag(self, key: str, value: str) -> None:
        """The mapping, or a worker's queue."""
        if self.kind == WORKER:
            self.aws.sqs.tag_queue(QueueUrl=self.queue_url, Tags={key: value})
            return
        self.aws.functions.tag_resource(Resource=self._mapping_arn, Tags={key: value})

    def untag(self, *keys: str) -> None:
        """Likewise: tags that it does not have are no error."""
        if self.kind == WORKER:
            self.aws.sqs.untag_queue(QueueUrl=self.queue_url, TagKeys=keys)
            return
        self.aws.functions.untag_resource(Resource=self._mapping_arn, TagKeys=keys)

    def attributes(self) -> dict[str, str]:
        """Of the queue, as SQS has them now."""
        answer = self.aws.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}


@dataclass(frozen=True)
class Stack:
    """A deployed stack of ours."""

    aws: Aws = field(repr=False, compare=False)
    name: str
    id: str
    status: str
    outputs: dict[str, str]
    subscribers: tuple[DeployedSubscriber, ...]
    topic: str = ""
    """The id of the topic that is meant, which stands before its outputs; "" is the main one, or the only one."""
    deliveries: tuple[DeployedSubscriber, ...] = ()
    """Subscriptions that hand events to no task of ours, each with its dead letters."""

    @property
    def topics(self) -> dict[str, str]:
        """The ARN of each topic of the stack by its id, first "" for the main one."""
        found = {key.removesuffix(_TOPIC): arn for key, arn in self.outputs.items() if key.endswith(_TOPIC)}
        return dict(sorted(found.items()))

    def of_topic(self, topic: str | None) -> "Stack":
        """The same, where `topic` is the one that is meant: by its id, or its name. Raises OpsError."""
        if topic is None:
            return self
        for id_, arn in self.topics.items():
            if _plain(topic) in (_plain(id_) or None, _plain(arn.rpartition(":")[2])):
                return replace(self, topic=id_)
        known = ", ".join(id_ or arn.rpartition(":")[2] for id_, arn in self.topics.items()) or "none"
        raise OpsError(f"{self.name} has no topic {topic!r}: it has {known}")

    @property
    def fair_by(self) -> str | None:
        """What publishers to its topic say as fair_by."""
        return self.of_its_topic(names.FAIR_BY_OUTPUT)

    @property
    def max_bytes(self) -> int | None:
        """What its topic takes, where that is not SNS's default."""
        found = self.of_its_topic(names.MAX_BYTES_OUTPUT) or ""
        return int(found) if found.isdecimal() else None

    def of_its_topic(self, output: str) -> str | None:
        """An output of the topic that is meant."""
        return self.outputs.get(f"{self._topic_id}{output}")

    @property
    def _topic_id(self) -> str:
        """Raises OpsError where there is no topic, or the stack has several and none is the main one."""
        topics = self.topics
        if self.topic in topics:
            return self.topic
        if not topics:
            raise OpsError(
                f"the stack {self.name} has no topic: events are published to the stack that has the TopicArn output"
            )
        if len(topics) > 1:
            raise OpsError(f"the stack {self.name} has several topics: give --topic {' or --topic '.join(topics)}")
        return next(iter(topics))

    @property
    def account(self) -> str:
        return self.id.split(":")[4]

    @property
    def region(self) -> str:
        return self.id.split(":")[3]

    @property
    def label(self) -> str:
        """As a question names it."""
        return f"{self.name} (account {self.account}, {self.region})"

    @property
    def topic_arn(self) -> str:
        """Raises OpsError unless it is clear which topic is meant."""
        return self.topics[self._topic_id]

    @property
    def tasks(self) -> list[str]:
        return [each.task for each in self.subscribers]

    def subscriber(self, task: str) -> DeployedSubscriber:
        """By task, or by the construct's id: notify_webhook, notify-webhook and NotifyWebhook are the same."""
        wanted = _plain(task)
        for each in self.subscribers:
            if wanted in (_plain(each.task), _plain(each.id)):
                return each
        known = ", ".join(each.task for each in self.subscribers)
        raise OpsError(f"{self.name} has no task {task!r}: it has {known}")

    def with_letters(self, task: str | None) -> tuple[DeployedSubscriber, ...]:
        """The chosen one or all, deliveries too, that have a dead-letter queue. Raises OpsError where the chosen one has none."""
        if task is None:
            return tuple(each for each in (*self.subscribers, *self.deliveries) if each.buries)
        for each in self.deliveries:
            if _plain(task) == _plain(each.id):
                return (each,)
        found = self.subscriber(task)
        if not found.buries:
            raise OpsError(
                f"{found.task} has no dead-letter queue, as it may drop what fails (drop_is_ok): fanout logs {found.task}"
            )
        return (found,)

    def chosen(self, task: str | None) -> tuple[DeployedSubscriber, ...]:
        return (self.subscriber(task),) if task else self.subscribers


def find(aws: Aws, name: str) -> Stack:
    """One DescribeStacks, and one ListQueueTags for each subscriber, side by side."""
    try:
        described = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            region = aws.cloudformation.meta.region_name
            raise OpsError(
                f"no stack {name} in {region} for these credentials: check --env or --stack, --region and --profile"
            ) from None
        raise
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    ids = [key.removesuffix(_DEAD) for key in outputs if key.endswith(_DEAD)]
    complete = [id_ for id_ in ids if id_ + _QUEUE in outputs and _runs(id_, outputs)]
    subscribed = [key.removesuffix(_SUBSCRIPTION) for key in outputs if key.endswith(_SUBSCRIPTION)]
    complete += [id_ for id_ in subscribed if id_ + _FUNCTION in outputs]
    if not complete and not any(key.endswith((_TOPIC, names.INTAKE_TABLE_OUTPUT)) for key in outputs):
        raise OpsError(f"the stack {name} has no TopicArn and no subscriber among its outputs: it is none of ours")
    subscribers = tuple(in_lanes(lambda id_: _subscriber(aws, id_, outputs), sorted(complete)))
    deliveries = tuple(
        DeployedSubscriber(aws, id_, id_, "", outputs[id_ + _DEAD], "", subscription_arn=outputs[id_ + _DELIVERY])
        for id_ in sorted(ids)
        if id_ + _DELIVERY in outputs
    )
    return Stack(aws, name, described["StackId"], described["StackStatus"], outputs, subscribers, deliveries=deliveries)


def _subscriber(aws: Aws, id_: str, outputs: dict[str, str]) -> DeployedSubscriber:
    task, tags = _tagged(aws, id_, outputs)
    return DeployedSubscriber(
        aws,
        id_,
        task,
        outputs.get(id_ + _QUEUE, ""),
        outputs.get(id_ + _DEAD, ""),
        outputs.get(id_ + _FUNCTION, ""),
        outputs.get(names.RECORDS_TABLE_OUTPUT),
        tags,
        outputs.get(id_ + _SUBSCRIPTION, ""),
        outputs.get(id_ + names.SERVICE_ARN_OUTPUT, ""),
        outputs.get(id_ + names.LOG_GROUP_OUTPUT, ""),
    )


def _runs(id_: str, outputs: dict[str, str]) -> bool:
    """Whether something takes messages from its queue."""
    return any(id_ + each in outputs for each in (_FUNCTION, *_OF_A_WORKER))


def _tagged(aws: Aws, id_: str, outputs: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The tag's word and all tags of the queue; where it was deleted by hand, or may not be asked, those of the other queue,
    or the output's word in snake case. Of what has no queue, its function's variable."""
    if id_ + _SUBSCRIPTION in outputs:
        return _called(aws, outputs[id_ + _FUNCTION]) or _snake(id_), {}
    for url in (outputs[id_ + _QUEUE], outputs[id_ + _DEAD]):
        try:
            tags = aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        except ClientError:
            continue
        if TASK_TAG in tags:
            return tags[TASK_TAG], dict(tags)
    return _snake(id_), {}


def _called(aws: Aws, function: str) -> str | None:
    try:
        variables = aws.functions.get_function_configuration(FunctionName=function).get("Environment", {})
    except ClientError:
        return None
    return variables.get("Variables", {}).get(names.TASK)


def _snake(id_: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", id_).lower()


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())
