"""The task as Lambda would load it, with its environment and an S3 that a test writes the answers of."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from fanout.testing import task_module


@pytest.fixture
def handler() -> Iterator[Any]:
    with task_module("archive_submission", ARCHIVE_BUCKET="archive") as module:
        yield module


@pytest.fixture
def s3(handler: Any) -> Iterator[Stubber]:
    with Stubber(handler._s3) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
