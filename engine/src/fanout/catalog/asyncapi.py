"""The AsyncAPI 3 document: what is published, in which shape, and who receives it.

The application it describes is the whole: publishing services send to the topic, and each task receives through its queue, or is called by the topic. So
each message has an operation `send`, and each subscriber a `receive`. Bindings: https://github.com/asyncapi/bindings/tree/master/sns
and https://github.com/asyncapi/bindings/tree/master/sqs. The topic's ARN is known to a deployment only, so a channel's
address is null, as https://www.asyncapi.com/docs/reference/specification/v3.0.0#channelObject has it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from fanout.catalog.contracts import Message
from fanout.catalog.markdown import HEADER
from fanout.catalog.reading import Subscriber, Topic, anchor
from fanout.catalog.tasks import Task
from fanout.catalog.unqueued import Called
from fanout.contracts.references import local
from fanout.project import product
from fanout.template import dead_letters, messaging
from fanout.template.filter_policy import can_match
from fanout.template.template import Resource
from fanout.template.values import UNKNOWN, Value, as_number, shown

VERSION = "3.0.0"
SNS_BINDING, SQS_BINDING = "0.1.0", "0.2.0"
"""The versions that the schema of AsyncAPI 3.0.0 knows."""
MEDIA_TYPE = "application/cloudevents+json"
_DESCRIPTION = """
A service publishes an event to an SNS topic. Every task has a queue of its own and receives the event as it was
published (raw delivery), at least once. The topic's ARN is output `TopicArn` of the stack, and SSM parameter
`/fanout/<environment>/topic-arn`; who may publish is on permissions.md."""


def document(topics: list[Topic], messages: list[Message], tasks: dict[str, Task]) -> dict[str, Any]:
    """A JSON object in the order in which it is read."""
    operations: dict[str, Any] = {}
    for topic in topics:
        for message in carried(topic, messages):
            name = f"publish_{anchor(message.name)}"
            taken = name in operations
            operations[f"{name}_to_{anchor(topic.name)}" if taken else name] = _publish(topic, message)
        operations |= {anchor(each.name): _receive(each, topic, messages, tasks) for each in topic.receivers}
    return {
        "asyncapi": VERSION,
        "info": {"title": product(), "version": _version(messages), "description": " ".join(_DESCRIPTION.split())},
        "defaultContentType": MEDIA_TYPE,
        "servers": {
            "sns": {
                "host": "sns.{region}.amazonaws.com",
                "protocol": "sns",
                "description": "SNS of the Region of the topic; calls are signed (Signature Version 4), over TLS only.",
                "variables": {"region": {"description": "The fourth part of the topic's ARN."}},
            }
        },
        "channels": {anchor(topic.name): _channel(topic, messages) for topic in topics},
        "operations": operations,
        "components": {"messages": {anchor(each.name): _message(each) for each in messages}},
    }


def carried(topic: Topic, messages: list[Message]) -> list[Message]:
    return [each for each in messages if each.is_internal or topic.carries(each.name)]


def text(topics: list[Topic], messages: list[Message], tasks: dict[str, Task]) -> str:
    found = document(topics, messages, tasks)
    dumped: str = yaml.dump(found, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
    return HEADER.replace("<!--", "#").replace(" -->", "") + dumped


class _Plain(yaml.SafeDumper):
    """Without aliases: what is said twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _version(messages: list[Message]) -> str:
    """The major version of the messages: a change that old tasks cannot read gets a new type."""
    majors = [int(each.name.rpartition(".v")[2]) for each in messages if each.name.rpartition(".v")[2].isdecimal()]
    return f"{max(majors, default=1)}.0.0"


def _channel(topic: Topic, messages: list[Message]) -> dict[str, Any]:
    ordering = {"type": "FIFO" if topic.is_fifo else "standard"}
    return {
        "address": None,
        "title": f"SNS topic {topic.name}",
        "servers": [{"$ref": "#/servers/sns"}],
        "messages": {
            anchor(each.name): {"$ref": f"#/components/messages/{anchor(each.name)}"}
            for each in carried(topic, messages)
        },
        "bindings": {"sns": {"name": topic.name, "ordering": ordering, "bindingVersion": SNS_BINDING}},
    }


def _message(message: Message) -> dict[str, Any]:
    """What its schema refers to, it refers to from the document's root."""
    here = f"#/components/messages/{anchor(message.name)}/payload/schema"
    message = replace(message, schema=local(message.schema, here))
    personal = message.contract.personal
    return {
        "name": message.name,
        "title": message.name,
        "summary": message.summary,
        **({"tags": [{"name": "personal data", "description": ", ".join(personal)}]} if personal else {}),
        "contentType": MEDIA_TYPE,
        "headers": message.attributes,
        "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": message.schema},
        "examples": [{"name": name, "payload": example} for name, example in message.examples.items()],
    }


def _publish(topic: Topic, message: Message) -> dict[str, Any]:
    consumers = [_consumer(each) for each in topic.receivers if passes(each, message)]
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{anchor(topic.name)}"},
        "title": "The stack's own schedule publishes" if message.is_internal else "A publishing service publishes",
        "messages": _references(topic, [message]),
        "bindings": {"sns": {"topic": {"name": topic.name}, "consumers": consumers, "bindingVersion": SNS_BINDING}},
    }


def _receive(
    each: Subscriber | Called, topic: Topic, messages: list[Message], tasks: dict[str, Task]
) -> dict[str, Any]:
    passing = [message for message in carried(topic, messages) if passes(each, message)]
    operation: dict[str, Any] = {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{anchor(topic.name)}"},
        "title": each.name,
        "summary": tasks[each.name].what,
        "messages": _references(topic, passing),
    }
    if isinstance(each, Subscriber):
        made = [_queue(queue, each) for queue in (each.queue, each.dead_letter_queue) if queue]
        operation["bindings"] = {"sqs": {"queues": made, "bindingVersion": SQS_BINDING}}
    return {key: value for key, value in operation.items() if value != ""}


def passes(each: Subscriber | Called, message: Message) -> bool:
    """Whether the subscriber's filter can let a message through; where that cannot be seen it may."""
    return not each.filter or can_match(each.filter, message.contract, attributes=not each.filters_body) is not False


def _references(topic: Topic, messages: list[Message]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{anchor(topic.name)}/messages/{anchor(each.name)}"} for each in messages]


def _consumer(each: Subscriber | Called) -> dict[str, Any]:
    subscription = each.subscription.resource
    found: dict[str, Any] = {
        "protocol": "sqs" if each.queue else "lambda",
        "endpoint": {"name": each.name},
        "rawMessageDelivery": subscription.flag("RawMessageDelivery") is True,
    }
    if each.filter:
        found["filterPolicy"] = _plain(each.filter)
        found["filterPolicyScope"] = "MessageBody" if each.filters_body else "MessageAttributes"
    if isinstance(each.subscription.dead_letter_queue, Resource):
        found["redrivePolicy"] = {"deadLetterQueue": {"name": _queue_name(each.subscription.dead_letter_queue, each)}}
    return found


def _queue(queue: Resource, each: Subscriber) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _queue_name(queue, each), "fifoQueue": messaging.is_fifo(queue) is True}
    for key, property_ in (
        ("visibilityTimeout", "VisibilityTimeout"),
        ("messageRetentionPeriod", "MessageRetentionPeriod"),
    ):
        number = as_number(queue.get(property_))
        if number is not None:
            found[key] = int(number)
    attempts = dead_letters.attempts_of(queue)
    if each.dead_letter_queue and queue is each.queue:
        letters = {"deadLetterQueue": {"name": _queue_name(each.dead_letter_queue, each)}}
        found["redrivePolicy"] = letters | ({"maxReceiveCount": int(attempts)} if attempts else {})
    return found


def _queue_name(queue: Resource, each: Subscriber | Called) -> str:
    """A name of this document: the queue has none before it is deployed."""
    return each.name if queue is each.queue else f"{each.name} dead letters"


def _plain(value: Value) -> Any:
    """JSON, with words where only the deployment knows."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return "unknown" if value is UNKNOWN else shown(value)
