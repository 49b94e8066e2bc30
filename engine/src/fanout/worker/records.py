"""A message of SQS as Lambda would hand it over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""

import base64
from collections.abc import Mapping
from typing import Any

from fanout.runtime.outcome import Record


def record_of(message: Mapping[str, Any], queue_arn: str) -> Record:
    """`message` is one of boto3's receive_message."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message.get("Body", ""),
        "attributes": dict(message["Attributes"]),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"dataType": value["DataType"], "stringListValues": [], "binaryListValues": []}
    if "BinaryValue" in value:
        return {**told, "binaryValue": base64.b64encode(value["BinaryValue"]).decode()}
    return {**told, "stringValue": value.get("StringValue", "")}
