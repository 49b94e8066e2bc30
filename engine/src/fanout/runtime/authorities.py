"""Clients of a session read the authorities that they trust once together, and not again for each connection that one opens.

urllib3 has a client's context read their file each time, 18 ms of the processor and one connection behind the other: a first
batch of ten messages has twenty connections, a `fanout status` a hundred. https://github.com/urllib3/urllib3/issues/3623
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock, RLock
from typing import Any

_MAKING = RLock()
"""Two that make clients at a time would each put back what the other put there."""
_FILES = "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"


class Authorities:
    """Of one session, whose clients are made without a `verify` of their own, or all with the same."""

    def __init__(self) -> None:
        self._context = cache(lambda make, files, *asked, **more: _reading_once(make(*asked, **more)))

    @contextmanager
    def read_once(self) -> Iterator[None]:
        """For clients that are made meanwhile, by one thread at a time: they share a context, as long as the environment names
        the same file. Where botocore makes contexts in another way, they read as before.
        """
        from botocore import httpsession

        names = vars(httpsession)
        with _MAKING:
            make: Any = names.get("create_urllib3_context")
            names["create_urllib3_context"] = partial(self._context, make, tuple(map(os.environ.get, _FILES)))
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
