"""SDK clients that give up in time to try again within one attempt."""

from functools import cache
from typing import Any


@cache
def client(service: str) -> Any:
    """The boto3 client of `service`, one per container: 2 s to connect, 5 s to answer, two tries.

    boto3 is imported by the first call: a task that needs no client never pays for it, and one that does calls this
    when its handler is imported, in Lambda's init phase. Clients may be shared by threads:
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html
    """
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client(service, config=config)  # type: ignore[call-overload]
