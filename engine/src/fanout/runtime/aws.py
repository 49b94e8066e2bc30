"""SDK clients that give up in time to try again within one attempt."""

from functools import cache
from threading import Lock
from typing import Any

from fanout.runtime import authorities, decision

_making = Lock()
"""Messages that fail at the same time need one client of SQS together, and not one each."""


def client(service: str, *, tries: int = 2) -> Any:
    """The SDK's client of `service`, one per container: 2 s to connect, 5 s to answer, two tries.

    One where a call that is made again has its effect again, as a mail: a late answer is no refusal.

    The SDK is imported by the first call: a task that needs no client never pays for it, and one that does calls this
    when its handler is imported, in Lambda's init phase. Clients may be shared by threads:
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html

    In a thread whose attempt is over, each request raises AttemptOver and none is sent, a second try as little: botocore
    asks before-send's handlers before each of them.
    https://docs.aws.amazon.com/boto3/latest/guide/events.html
    """
    with _making:
        return _made(service, tries, checked=True)


def unchecked(service: str) -> Any:
    """The same for requests of the runtime's own, which its tests hold against the service's model: the SDK's check of each is
    a fifth of what it takes of the processor. https://docs.aws.amazon.com/botocore/latest/reference/config.html
    """
    with _making:
        return _made(service, checked=False)


@cache
def _made(service: str, tries: int = 2, *, checked: bool) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": tries},
        parameter_validation=checked,
    )
    make: Any = _session().create_client
    if service == "s3":
        import boto3  # whose clients are botocore's, but for S3's transfers; it is a fifth of a cold start

        make = boto3.Session(botocore_session=_session()).client
    made = authorities.read_once(make(service, config=config))
    made.meta.events.register_first("before-send", decision.check)
    return made


@cache
def _session() -> Any:
    from botocore.session import get_session

    return get_session()
