"""The task as Lambda would load it, with its environment and an SES that a test writes the answers of."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from fanout.testing import task_module


@pytest.fixture
def handler() -> Iterator[Any]:
    with task_module("send_confirmation", EMAIL_SENDER="forms@example.com") as module:
        yield module


@pytest.fixture
def ses(handler: Any) -> Iterator[Stubber]:
    with Stubber(handler._ses) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
