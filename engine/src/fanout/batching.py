"""What each word of `batching` asks of an event source mapping: docs/adr/0028-batching-and-polling.md."""

from typing import Literal

BatchingMode = Literal["latency", "cost"]

BATCHING: dict[BatchingMode, tuple[int, int]] = {"latency": (10, 0), "cost": (10, 20)}
"""Batch size, and window in seconds. Ten messages are what one SQS request takes and what a task works on at the same time:
more saves little and risks its time-out. 20 seconds because a queue with little traffic may wait so long with any window:
"even if you set a batch window lower than 20 seconds",
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
