"""ministack 1.5.33, completed: which queues bury in a dead-letter queue, by ListDeadLetterSourceQueues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html
"""

from typing import Any

from ministack.services import sqs  # type: ignore[import-untyped]

ACTION = "ListDeadLetterSourceQueues"


def _sources(asked: dict[str, Any], url: str) -> dict[str, list[str]]:
    arn = sqs._get_q(asked.get("QueueUrl", url), f"sqs:{ACTION}")["attributes"]["QueueArn"]
    told = {url: each["attributes"].get("RedrivePolicy", "") for url, each in list(sqs._queues.items())}
    return {"queueUrls": sorted(url for url, policy in told.items() if f'"{arn}"' in policy)}


def correct() -> None:
    sqs._HANDLERS[ACTION] = _sources
