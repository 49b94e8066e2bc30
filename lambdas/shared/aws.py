"""SDK clients that give up in time to try again within one attempt."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})


@cache
def client(service: str) -> Any:
    """The boto3 client of `service`, one per container: 2 s to connect, 5 s to answer, two tries.

    Clients may be shared by threads: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html
    """
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]
