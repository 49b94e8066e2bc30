"""A server on this machine for webhooks: it keeps what it is told, and its answers can be chosen."""

import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fanout.local.emulator.https import call
from fanout.local.emulator.ports import HOST, listen, port_of, remember
from fanout.local.emulator.process import Process
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError
from fanout.local.webhook.server import CONTROL

NAME = "receiver"
READY_IN = 15.0


@dataclass(frozen=True)
class WebhookRequest:
    """One POST as it arrived; the names of its headers are in lower case."""

    received_at: float
    path: str
    headers: dict[str, str]
    body: str
    answer: int


@dataclass
class Receiver:
    """Needs the emulator's certificate; started after it."""

    state: State
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = Process(NAME, self.state)

    @property
    def port(self) -> int:
        return int(self.state.port(NAME).read_text())

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/webhook"

    def is_running(self) -> bool:
        return self.process.pid() is not None

    def start(self) -> None:
        if not self.is_running():
            listener, _ = listen(self.state, NAME)
            with listener:
                remember(self.state, NAME, port_of(listener))
                certificate = str(self.state.server_certificate)
                program = [sys.executable, "-m", "fanout.local.webhook.server", "--certificate", certificate]
                # Nothing of this machine's environment: it opens one socket and needs none of it.
                fd = listener.fileno()
                self.process.start([*program, "--fd", str(fd)], {"LANG": "C.UTF-8"}, [fd])
        self.process.wait_until_ready(self._answers, READY_IN)

    def stop(self) -> bool:
        return self.process.stop()

    def requests(self, containing: str = "") -> list[WebhookRequest]:
        """The latest thousand, oldest first: all, or those with a text in a header or the body."""
        found = self._call("GET", f"requests?containing={quote(containing)}")["requests"]
        return [WebhookRequest(**each) for each in found]

    def answer(self, status: int, *, containing: str | None = None, delay: float = 0.0, drips: str = "") -> None:
        """From now on, to bodies with a text or, without it, to all that have no answer of their own.

        delay: seconds before it. drips: "head" or "body", of which a byte comes now and then, and never the last.
        """
        self._call("PUT", "answers", {"containing": containing, "status": status, "delay": delay, "drips": drips})

    def heal(self) -> None:
        """Answers 200 to everything again."""
        self._call("DELETE", "answers")

    def forget(self) -> None:
        self._call("DELETE", "requests")

    def _answers(self) -> bool:
        try:
            self.requests("is anybody there?")
        except LocalError:
            return False
        return True

    def _call(self, method: str, what: str, body: Any = None) -> Any:
        return call(method, f"https://{HOST}:{self.port}{CONTROL}{what}", self.state.authority, body)
