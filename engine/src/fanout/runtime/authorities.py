"""A client of the SDK's reads the authorities that it trusts once, and not again for each connection that it opens.

urllib3 has the client's context read their file each time, 18 ms of the processor and one connection behind the other: a
first batch of ten messages has twenty connections, a `fanout status` a hundred. https://github.com/urllib3/urllib3/issues/3623
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any


@contextmanager
def read_once() -> Iterator[None]:
    """For clients that are made meanwhile. Where botocore makes contexts in another way, they read as before."""
    from botocore import httpsession

    names = vars(httpsession)
    make: Any = names.get("create_urllib3_context")
    names["create_urllib3_context"] = lambda *asked, **more: _reading_once(make(*asked, **more))
    try:
        yield
    finally:
        names["create_urllib3_context"] = make


def _reading_once(context: Any) -> Any:
    lock, read = Lock(), cache(context.load_verify_locations)

    def load(*files: Any, **named: Any) -> None:
        with lock:  # who comes meanwhile waits: by half of the authorities it would refuse whom it should not
            read(*files, **named)

    context.load_verify_locations = load
    return context
