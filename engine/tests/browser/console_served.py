"""A console of this process for a browser: its stack is told to it, and no AWS is behind it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from fanout.console.app import make_app
from fanout.console.serve import Place, guard_of, listen
from fanout.ops.status.health import Health
from tests.unit.console.given import Here


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, *healths: Health, allow: str = "") -> Iterator[tuple[Here, str]]:
    """With its address, which has the token in it."""
    here, place = Here(monkeypatch, *healths, allow=allow), Place(port=0)
    with listen(place) as listener:
        port = listener.getsockname()[1]
        guard = guard_of(place, port)
        config = uvicorn.Config(make_app(here.console, guard), log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        try:
            yield here, f"http://127.0.0.1:{port}/?token={guard.token}"
        finally:
            here.console.is_over = server.should_exit = True
            thread.join(timeout=10)
