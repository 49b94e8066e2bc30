"""One task of a deployed stack: its queues, what runs it, and what is asked of each when it is asked for."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws import service
from fanout.ops.aws.line import LONGEST_LIFE
from fanout.ops.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef, FunctionConfigurationResponseTypeDef

FUNCTION, WORKER, DIRECT, DELIVERY = "function", "worker", "direct", "delivery"
"""Kinds: with a queue of its own, for a function or for workers; called by its topic; and without any task of ours."""
INVOKED = "lambda:"
"""Before the name of a function that is called in place of a queue that is sent to."""


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
    subscription_arn: str = ""
    service_arn: str = ""
    worker_log_group: str = ""
    """Both "" where a team runs its worker itself."""
    has_backfill: bool = False
    """Its deployment asks for archived events."""
    is_measured: bool = False
    """Its outcomes are metrics too, as a stack says that describes it."""
    has_runtime: bool = True
    """Whoever takes its messages writes down what becomes of each, and obeys a pause."""
    is_raw: bool = True
    """Its messages are as they were published, and not in SNS's envelope."""
    sharing: tuple[str, ...] = ()
    """Other queues whose dead letters lie in the same queue as its own."""

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
        if self.kind == DIRECT and not self.has_runtime:
            raise OpsError(
                f"{self.task} is called by its topic and has no fanout.runtime: how it must be called again is not known:"
                " export its dead letters, and call it yourself"
            )
        return self.queue_url or f"{INVOKED}{self.function_name}"

    @property
    def tells_outcomes(self) -> bool:
        """Whether what becomes of its events is written down, by a task of ours."""
        return self.has_runtime and self.kind != DELIVERY

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

    def require_own_letters(self) -> None:
        """Raises OpsError in one line where they lie among those of others: sent back they would come to the wrong task."""
        if self.sharing:
            raise OpsError(
                f"{self.dead_letter_queue_name} has dead letters of {self.queue_name or self.task} and of"
                f" {', '.join(self.sharing)}: whose each is cannot be told, so give {self.task} a dead-letter queue of its own"
            )

    def require_runtime(self, command: str) -> None:
        """Raises OpsError in one line, for what knows how a task of ours reads an event."""
        if not self.has_runtime:
            raise OpsError(
                f"what takes the messages of {self.task} has no fanout.runtime, so {command} does not know what it reads"
            )

    @cached_property
    def queue_tags(self) -> dict[str, str]:
        """As they are when they are first asked for."""
        return dict(self.aws.sqs.list_queue_tags(QueueUrl=self.queue_url).get("Tags", {}))

    @property
    def open_backfill(self) -> int | None:
        """How many days of archived events its deployment asks for, as long as nobody has sent them."""
        if not self.has_backfill:
            return None
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
        """ "" where the log is wherever its team has it, or says nothing of events."""
        if not self.has_runtime:
            return ""
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
        of: dict[str, Any] = {"FunctionName": self.function_name}
        while True:  # a page may be empty and not the last
            page = self.aws.functions.list_event_source_mappings(**of)
            for each in page["EventSourceMappings"]:
                if each.get("EventSourceArn", "").rsplit(":", 1)[-1] == self.queue_name:
                    return each
            if not page.get("NextMarker"):
                raise OpsError(f"{self.task}: nothing feeds its queue to its function: deploy the stack again")
            of["Marker"] = page["NextMarker"]

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
        return attributes_of(self.aws, self.queue_url)


def attributes_of(aws: Aws, url: str) -> dict[str, str]:
    """All of a queue."""
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {str(name): value for name, value in answer.get("Attributes", {}).items()}
