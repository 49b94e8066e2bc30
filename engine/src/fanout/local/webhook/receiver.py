"""The other system that notify_webhook tells, played by a server on this machine whose answers can be chosen."""

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
    """One request as it arrived. `signature` is `valid`, or says what is wrong."""

    event_id: str | None
    form_id: str | None
    received_at: float
    path: str
    headers: dict[str, str]
    body: str
    answer: int
    signature: str


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

    def requests(self, event_id: str | None = None) -> list[WebhookRequest]:
        """The latest thousand, oldest first; of one event, if it is given."""
        found = self._call("GET", f"requests?event_id={quote(event_id)}" if event_id else "requests")["requests"]
        return [WebhookRequest(**each) for each in found]

    def answer(self, status: int, *, form_id: str | None = None, delay: float = 0.0) -> None:
        """From now on, to one form's events or, without `form_id`, to all that have no answer of their own."""
        self._call("PUT", "answers", {"form_id": form_id, "status": status, "delay": delay})

    def heal(self) -> None:
        """Answers 200 to everything again."""
        self._call("DELETE", "answers")

    def forget(self) -> None:
        self._call("DELETE", "requests")

    def give_key(self, key: str) -> None:
        """The base64 key that signatures are checked with."""
        self._call("PUT", "key", {"key": key})

    def _answers(self) -> bool:
        try:
            self.requests("none")
        except LocalError:
            return False
        return True

    def _call(self, method: str, what: str, body: Any = None) -> Any:
        return call(method, f"https://{HOST}:{self.port}{CONTROL}{what}", self.state.authority, body)
