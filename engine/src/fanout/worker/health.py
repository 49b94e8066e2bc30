"""Whether a worker lives and is ready, for whoever restarts it: a file, and answers on a port.

Live: its loop turned lately. Ready: its queue answers. `python -m fanout.worker.health FILE` exits with 0 if the file says
that it lives, for a container's HEALTHCHECK.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

LIVE_FOR = 60.0
"""Seconds since the last turn; the loop turns every five."""


class Health:
    """`turned` is called by the loop; the rest by anyone."""

    def __init__(self, file: Path | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._file, self._monotonic = file, monotonic
        self._turned_at = monotonic()
        self._ready, self._why_not, self._held = False, "it has not begun", 0
        self._is_written = True

    def turned(self, *, ready: bool, why_not: str, held: int) -> None:
        self._turned_at = self._monotonic()
        self._ready, self._why_not, self._held = ready, why_not, held
        if self._file is not None:
            self._write(self._file)

    def told(self) -> dict[str, Any]:
        live = self._monotonic() - self._turned_at < LIVE_FOR
        told: dict[str, Any] = {"live": live, "ready": live and self._ready, "held": self._held}
        return told if told["ready"] else {**told, "why": self._why_not if live else "its loop stands still"}

    def serve(self, host: str, port: int) -> int:
        """`/live` and `/ready` over HTTP, 200 or 503, in a thread; the port it has. Raises OSError."""
        health = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = health.told()
                asked = self.path.strip("/")
                status = 404 if asked not in ("live", "ready") else 200 if told[asked] else 503
                body = json.dumps(told if status != 404 else {"paths": ["/live", "/ready"]}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: it is asked every few seconds."""

        server = ThreadingHTTPServer((host, port), Answers)
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_address[1])

    def _write(self, file: Path) -> None:
        """Whole, or not at all; a full disk is seen by the age of the file, and said once."""
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps({**self.told(), "at": round(time.time(), 3)}) + "\n")
            beside.replace(file)
            self._is_written = True
        except OSError as error:
            if self._is_written:
                _say(file, error)
            self._is_written = False


def _say(file: Path, error: OSError) -> None:
    from fanout.runtime.log import (
        own as logger,  # a HEALTHCHECK, which starts this file often, waits for no such import
    )

    refused = error.strerror or type(error).__name__
    logger.error("the health file cannot be written", extra={"health_file": str(file), "refused": refused})


def is_live(file: Path, now: float) -> bool:
    try:
        return now - file.stat().st_mtime < LIVE_FOR and json.loads(file.read_text("utf-8"))["live"] is True
    except (OSError, ValueError, LookupError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_live(Path(sys.argv[1]), time.time()) else 1)
