"""A deployed stack of ours: its topics, its subscribers, and which of them is meant."""

import re
from dataclasses import dataclass, field, replace

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber

_TOPIC = names.TOPIC_ARN_OUTPUT


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
    unseen: tuple[str, ...] = ()
    """What belongs to it and could not be followed, a sentence each."""

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
            if plain(topic) in (plain(id_) or None, plain(arn.rpartition(":")[2])):
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
    def is_deployed(self) -> bool:
        """False where it was found by its topic, whose ARN is its id: no CloudFormation is known of it."""
        return self.id != self.outputs.get(_TOPIC)

    def require_deployed(self, command: str) -> None:
        """Raises OpsError in one line, for what compares with a template."""
        if not self.is_deployed:
            raise OpsError(f"{self.name} was found by its topic, and {command} needs its stack: give --stack NAME")

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
        wanted = plain(task)
        for each in sorted(self.subscribers, key=lambda each: task not in (each.task, each.id)):
            if wanted in (plain(each.task), plain(each.id)):
                return each
        known = ", ".join(each.task for each in self.subscribers)
        raise OpsError(f"{self.name} has no task {task!r}: it has {known}")

    def with_letters(self, task: str | None) -> tuple[DeployedSubscriber, ...]:
        """The chosen one or all, deliveries too, that have a dead-letter queue. Raises OpsError where the chosen one has none."""
        if task is None:
            return tuple(each for each in (*self.subscribers, *self.deliveries) if each.buries)
        for each in self.deliveries:
            if plain(task) == plain(each.id):
                each.require_own_letters()
                return (each,)
        found = self.subscriber(task)
        if not (found.buries or self.is_deployed):
            raise OpsError(
                f"{found.task} has no dead-letter queue: what fails stays in its queue until its retention is over"
            )
        if not found.buries:
            raise OpsError(
                f"{found.task} has no dead-letter queue, as it may drop what fails (drop_is_ok): fanout logs {found.task}"
            )
        found.require_own_letters()
        return (found,)

    def chosen(self, task: str | None) -> tuple[DeployedSubscriber, ...]:
        return (self.subscriber(task),) if task else self.subscribers

    def require_subscribers(self) -> None:
        """Raises OpsError in one line where there are none: an empty table would say that all is well."""
        if not (self.subscribers or self.deliveries or self.unseen):
            raise OpsError(f"{self.name} has no subscriber: give --stack with the stack that has them")


def went_well(status: str) -> bool:
    """Of a stack: its last deployment came to its end."""
    return status.endswith("_COMPLETE") and "ROLLBACK" not in status


def plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())
