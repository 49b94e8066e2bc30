"""Clients that trust the same read its authorities once together, and not again for each connection that one opens.

urllib3 has a client's context read their file each time, 18 ms of the processor and one connection behind the other: a first
batch of ten messages has twenty connections, a `fanout status` a hundred. https://github.com/urllib3/urllib3/issues/3623
"""

from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Any

_contexts: dict[Any, Any] = {}
"""By the file of authorities (or whether there is one) and the client's own certificate."""


def read_once(client: Any) -> Any:
    """The client, which has made no request yet. One that botocore makes in another way reads as before."""
    with suppress(AttributeError):
        session = client._endpoint.http_session
        pools = session._manager.connection_pool_kw
        trusts = session._verify, session._cert_file
        pools["ssl_context"] = _contexts.setdefault(trusts, _once(pools.get("ssl_context")))
    return client


def _once(context: Any) -> Any:
    lock, read = Lock(), cache(context.load_verify_locations)

    def load(*files: Any, **named: Any) -> None:
        with lock:  # who comes meanwhile waits: by half of the authorities it would refuse whom it should not
            read(*files, **named)

    context.load_verify_locations = load
    return context
