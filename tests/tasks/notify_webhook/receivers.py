"""Receivers on this machine that do not answer as they should, with a certificate of their own."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trustme

EVERY = 0.02
"""Seconds between two bytes that drip."""
MOST = 5.0
"""Seconds after which a receiver gives up, so that a test of a task that does not ends."""
Answer = Callable[[socket.socket, threading.Event], None]


def drip(endless: bytes, first: bytes = b"") -> Answer:
    """Sends `first`, and then a byte now and then."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        end = time.monotonic() + MOST
        while time.monotonic() < end and not over.wait(EVERY):
            connection.sendall(endless)

    return answer


def flood(endless: bytes, first: bytes = b"") -> Answer:
    """Sends `first`, and then without end as fast as it is taken."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        end = time.monotonic() + MOST
        while time.monotonic() < end and not over.is_set():
            connection.sendall(endless)

    return answer


def silence(connection: socket.socket, over: threading.Event) -> None:
    over.wait(MOST)


def sip(connection: socket.socket, over: threading.Event) -> None:
    """Reads what it is sent, a little now and then."""
    end = time.monotonic() + MOST
    while time.monotonic() < end and not over.wait(EVERY):
        connection.recv(20_000)


@contextmanager
def receiver(folder: Path, answer: Answer, *, tls: bool = True) -> Iterator[tuple[str, str]]:
    """Its URL and the file of its authority. Each connection is read once, and then answered."""
    authority, over = trustme.CA(), threading.Event()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def serve(plain: socket.socket) -> None:
        with plain, suppress(OSError):
            connection = context.wrap_socket(plain, server_side=True) if tls else plain
            with connection:
                connection.recv(65_536)
                answer(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                each = threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True)
                threads.append(each)
                each.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=accept, daemon=True)]
        threads[0].start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/hook", str(folder / "authority.pem")
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
    for each in threads:
        each.join()
