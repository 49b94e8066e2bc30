"""HTTPS connections that end: what is sent and read over one of them has to fit into so many seconds, and then it is closed.

The time-outs of urllib3 and of `socket`, "total" too, begin anew with each read, so a receiver that sends a byte now and
then is waited for without end (https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html#urllib3.util.Timeout).
Here each handshake, read and write waits for what is left of one time. No thread watches: none can be left over.
"""

import ssl
import time
from typing import Any

from urllib3 import PoolManager, Timeout


def bounded_pool(*, connect: float, total: float, authority: str | None = None) -> PoolManager:
    """A pool whose connections serve one request each. Trusts `authority`, a file, or whom this machine trusts.

    connect: seconds for each address of the host. total: seconds from the handshake to the end of the answer's headers.
    """
    context = ssl.create_default_context(cafile=authority)
    context.sslsocket_class = type("BoundedSocket", (_BoundedSocket,), {"seconds": total})
    timeout = Timeout(connect=connect, read=total)
    return PoolManager(ssl_context=context, timeout=timeout, retries=False)


class _BoundedSocket(ssl.SSLSocket):
    """Made for each connection by the context: https://docs.python.org/3/library/ssl.html#ssl.SSLContext.sslsocket_class"""

    seconds: float
    _end: float

    def do_handshake(self, block: bool = False) -> None:
        self._end = time.monotonic() + self.seconds
        super().do_handshake(block)

    def recv_into(self, *arguments: Any) -> int:
        self._wait_no_longer()
        return super().recv_into(*arguments)

    def send(self, *arguments: Any) -> int:
        self._wait_no_longer()
        return super().send(*arguments)

    def _wait_no_longer(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.seconds} s")
        self.settimeout(left)
