"""The embedded AWS: ministack, as a background process of one state folder."""

import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import Any

from fanout.installed import require
from fanout.local.emulator.certificate import make_certificate
from fanout.local.emulator.connection import ACCOUNT, REGION, Connection, connection_to
from fanout.local.emulator.https import call, call_for_bytes
from fanout.local.emulator.ports import HOST, listen, port_of, remember
from fanout.local.emulator.process import Process
from fanout.local.emulator.state import State
from fanout.local.errors import LocalError

NAME = "emulator"
PREFERRED_PORT = 4566
READY_IN = 30.0


@dataclass
class Emulator:
    """Keeps everything in memory: what was deployed is gone when it stops."""

    state: State
    preferred_port: int = PREFERRED_PORT
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = Process(NAME, self.state)

    @property
    def connection(self) -> Connection:
        return connection_to(int(self.state.port(NAME).read_text()), self.state.authority)

    def is_running(self) -> bool:
        return self.process.pid() is not None

    def start(self, port: int | None = None) -> str:
        """Starts it unless it runs, and returns when it answers; what it says is worth telling the user."""
        if self.is_running():
            if port not in (None, self.connection.port):
                raise LocalError(
                    f"the emulator runs on port {self.connection.port} already: `make down` first, to move it to {port}"
                )
            self._wait_until_ready()
            return ""
        _check_installed()
        self._empty_scratch()
        make_certificate(self.state)
        listener, said = listen(self.state, NAME, preferred=self.preferred_port, required=port)
        with listener:
            remember(self.state, NAME, port_of(listener))
            self.process.start(self._program(listener.fileno()), self._environment(), [listener.fileno()])
        self._wait_until_ready()
        return said

    def stop(self) -> bool:
        was_running = self.process.stop()
        self._empty_scratch()
        return was_running

    def get(self, path: str) -> Any:
        """What ministack tells about itself, in JSON: health, or the e-mails it was given."""
        return call("GET", f"{self.connection.endpoint}{path}", self.state.authority)

    def code_of(self, function: str) -> bytes:
        """The zip that a function runs."""
        url = f"{self.connection.endpoint}/_ministack/lambda-code/{ACCOUNT}/{REGION}/{function}"
        return call_for_bytes("GET", url, self.state.authority)

    def _wait_until_ready(self) -> None:
        self.process.wait_until_ready(self._answers, READY_IN)

    def _answers(self) -> bool:
        try:
            return "services" in self.get("/_ministack/health")
        except LocalError:
            return False

    def _program(self, listener: int) -> list[str]:
        # `python -m ministack` would also take 127.0.0.1:443 when it runs as root, and choose its port by itself.
        # Without workers hypercorn serves from this very process, the one that the pid file names.
        certificate = str(self.state.server_certificate)
        server = [
            sys.executable,
            "-m",
            "hypercorn",
            "fanout.local.emulator.ministack_fixes:app",
            "--workers",
            "0",
            "--keep-alive",
            "75",
        ]
        return [*server, "--bind", f"fd://{listener}", "--certfile", certificate, "--keyfile", certificate]

    def _environment(self) -> dict[str, str]:
        """All of it: nothing of this machine's environment reaches the emulator or the functions it runs."""
        authority, certificate = str(self.state.authority), str(self.state.server_certificate)
        return {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.defpath]),
            "HOME": str(self.state.scratch),  # no ~/.aws
            "TMPDIR": str(self.state.scratch),
            "LANG": "C.UTF-8",
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(self.connection.port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": certificate,
            "MINISTACK_SSL_KEY": certificate,
            "IOT_MTLS_ENABLED": "0",  # it would listen on all interfaces
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": "unix:///nonexistent.sock",
            # For the functions, which inherit this: they trust our servers and so can reach nothing but them.
            "AWS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
        }

    def _empty_scratch(self) -> None:
        shutil.rmtree(self.state.scratch, ignore_errors=True)
        self.state.create()


def _check_installed() -> None:
    try:
        require("ministack", "trustme", by="the embedded AWS")
    except ImportError as error:
        raise LocalError(str(error)) from None
