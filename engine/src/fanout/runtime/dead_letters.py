"""Straight to the task's dead-letter queue: what no retry can help, as it came, with its cause."""

import base64
import json
import os
from typing import Any

from fanout import names
from fanout.runtime.aws import client

CAUSE = names.CAUSE_ATTRIBUTE

MOST_ATTRIBUTES = 10
"""Of one SQS message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""

MOST_BYTES = 1_048_576
"""Of body and attributes together: names, types and values in UTF-8.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


def send(record: dict[str, Any], cause: dict[str, Any]) -> str:
    """Sends the message of `record`, body and attributes unchanged, with `cause` as one more attribute; returns its new id.

    A message that has ten attributes already keeps all ten: its cause is then only in the log, under the same ids. One
    that is near the limit of bytes loses the cause's words, or the cause, and not its place among the dead letters.
    Raises what SQS raises; the message is then still in its queue. A task without such a queue may drop: "".
    """
    if names.DEAD_LETTER_QUEUE_URL not in os.environ:
        return ""
    attributes = {name: _sent(value) for name, value in record["messageAttributes"].items() if name != CAUSE}
    if len(attributes) < MOST_ATTRIBUTES:
        for told in (cause, {**cause, "error": ""}):
            written = {"DataType": "String", "StringValue": json.dumps(told, separators=(",", ":"))}
            if size(record["body"], {**attributes, CAUSE: written}) <= MOST_BYTES:
                attributes[CAUSE] = written
                break
    answer = client("sqs").send_message(
        QueueUrl=os.environ[names.DEAD_LETTER_QUEUE_URL],
        MessageBody=record["body"],
        MessageAttributes=attributes,
        **_system(record),
    )
    return str(answer.get("MessageId", ""))


def size(body: str, attributes: dict[str, dict[str, Any]]) -> int:
    """As SQS counts them."""
    parts = [body]
    for name, value in attributes.items():
        parts += [name, value["DataType"], value.get("StringValue", "")]
    binary = sum(len(each.get("BinaryValue", b"")) for each in attributes.values())
    return sum(len(part.encode("utf-8", "surrogatepass")) for part in parts) + binary


def _sent(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute as SQS takes it, from what Lambda hands over."""
    if value.get("stringValue") is not None:
        return {"DataType": value["dataType"], "StringValue": value["stringValue"]}
    return {"DataType": value["dataType"], "BinaryValue": base64.b64decode(value["binaryValue"])}


def _system(record: dict[str, Any]) -> dict[str, Any]:
    """The trace goes on, and so does the group: the name of a FIFO queue's order, or of a fair queue's tenant.

    A FIFO queue silently drops what carries the deduplication id of the last five minutes again, so a letter that dies
    a second time after a redrive has one of its own: that of its message.
    """
    kept: dict[str, Any] = {}
    attributes = record["attributes"]
    if "AWSTraceHeader" in attributes:
        header = {"DataType": "String", "StringValue": attributes["AWSTraceHeader"]}
        kept["MessageSystemAttributes"] = {"AWSTraceHeader": header}
    if "MessageGroupId" in attributes:
        kept["MessageGroupId"] = attributes["MessageGroupId"]
    if "MessageDeduplicationId" in attributes:
        kept["MessageDeduplicationId"] = record["messageId"]
    return kept
