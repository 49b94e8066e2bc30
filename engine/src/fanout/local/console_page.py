"""The console beside the embedded AWS: a background process of the same state folder, that may change all of it."""

import http.client
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from fanout import names
from fanout.installed import require
from fanout.local.emulator.connection import Connection, without_real_aws
from fanout.local.emulator.ports import HOST, listen, port_of, remember
from fanout.local.emulator.process import Process
from fanout.local.emulator.state import State, write_private
from fanout.local.errors import LocalError

NAME = "console"
PREFERRED_PORT = 4577
READY_IN = 15.0
PATIENCE = 5.0
SEE_OTHER = 303


@dataclass
class ConsolePage:
    """Its token is kept, so that an address that a browser knows stays true until `make down`."""

    state: State
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = Process(NAME, self.state)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self._port}/?token={self._token.read_text()}"

    def is_running(self) -> bool:
        return self.process.pid() is not None

    def start(self, connection: Connection, stack: str) -> None:
        """Unless it runs. Raises LocalError, in one line, where its extra is not installed."""
        try:
            require("starlette", "jinja2", "uvicorn", by="the console")
        except ImportError as error:
            raise LocalError(str(error)) from None
        if self.is_running() and not self._asks(connection):
            self.process.stop(patience=PATIENCE)
        if not self.is_running():
            listener, _ = listen(self.state, NAME, preferred=PREFERRED_PORT)
            with listener:
                listener.listen()  # from here on nobody else can take the port
                remember(self.state, NAME, port_of(listener))
                if not self._token.exists():
                    write_private(self._token, secrets.token_urlsafe(32))
                write_private(self._asked, connection.endpoint)
                program = [sys.executable, "-m", "fanout.console", "--stack", stack, "--fd", str(listener.fileno())]
                self.process.start(program, self._environment(connection), [listener.fileno()])
        self.process.wait_until_ready(self._answers, READY_IN)

    def stop(self) -> bool:
        self._token.unlink(missing_ok=True)
        return self.process.stop(patience=PATIENCE)

    @property
    def _token(self) -> Path:
        return self.state.folder / f"{NAME}.token"

    @property
    def _asked(self) -> Path:
        return self.state.folder / f"{NAME}.asks"

    def _asks(self, connection: Connection) -> bool:
        """Whether it was started for the embedded AWS where that is now."""
        try:
            return self._asked.read_text() == connection.endpoint
        except FileNotFoundError:
            return False

    @property
    def _port(self) -> int:
        return int(self.state.port(NAME).read_text())

    def _environment(self, connection: Connection) -> dict[str, str]:
        inherited = without_real_aws(os.environ)
        return {**inherited, **connection.variables, names.CONSOLE_TOKEN: self._token.read_text()}

    def _answers(self) -> bool:
        """By this run's token, which no other console takes."""
        asked = http.client.HTTPConnection(HOST, self._port, timeout=2)
        try:
            asked.request("GET", f"/?token={self._token.read_text()}")
            return asked.getresponse().status == SEE_OTHER
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()
