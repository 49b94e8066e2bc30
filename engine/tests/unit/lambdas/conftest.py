"""What every test of a function stands on: its variables, its log lines, an event. No AWS is reached."""

import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.lambdas.given import Context, example

VARIABLES = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "EMAIL_SENDER": "orders@example.com",
    "ARCHIVE_BUCKET": "archive",
    "WEBHOOK_URL": "https://127.0.0.1:9/hook",
    "WEBHOOK_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook",
    "FANOUT_TASK": "a_task",
    "FANOUT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
    "FANOUT_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    "FANOUT_RETRY_DELAYS": "30,120",
    "FANOUT_RETRY_JITTER": "0",
    "FANOUT_COMPLETED_SECONDS": "1641600",
}
os.environ.update(VARIABLES)  # handlers read them when they are imported, as in Lambda

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def no_thread_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins in a new container."""
    from fanout.runtime import threads

    monkeypatch.setattr(threads, "_given_up", [])


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def body() -> str:
    """An event that keeps the contract."""
    return json.dumps(example())


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the function has logged so far, parsed."""
    from fanout.runtime.log import logger

    handler = logger.handlers[0]  # pytest has one there too
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    if before is not None:
        handler.setStream(before)
