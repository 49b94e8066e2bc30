"""The task as Lambda would load it, with its environment and its modules."""

from collections.abc import Iterator
from typing import Any

import pytest

from fanout.testing import task_module

URL = "https://127.0.0.1:9/hook"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook"


@pytest.fixture
def handler() -> Iterator[Any]:
    with task_module("notify_webhook", WEBHOOK_URL=URL, WEBHOOK_SECRET_ARN=SECRET_ARN) as module:
        yield module
