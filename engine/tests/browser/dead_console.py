"""`fanout console` as an operator starts it, in a process of its own that can be killed."""

import re
import signal
import subprocess
from dataclasses import dataclass, field
from typing import Any

from tests.local.operator import Operator


@dataclass
class Served:
    """Started anew it is at another port, or at the same: pages are found by their path."""

    operator: Operator
    allow: str = "redrive,edit"
    address: str = ""
    token: str = ""
    _process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    def start(self) -> "Served":
        allowed = ("--allow", self.allow) if self.allow else ()
        self._process = self.operator.start("console", *allowed)
        assert self._process.stdout
        said = ""
        while (found := re.search(r"open (http://\S+)/\?token=(\S+)", said)) is None:
            line = self._process.stdout.readline()
            assert line, said + str(self._process.communicate())
            said += line
        self.address, self.token = found[1], found[2]
        return self

    def open(self, page: Any, path: str = "/dead") -> None:
        """The cookie first, past the page: a tab without script loads itself again, and would end a visit to the entrance."""
        page.context.request.get(f"{self.address}/?token={self.token}")
        page.goto(f"{self.address}{path}")

    def kill(self) -> None:
        """As the kernel does it: nothing is cleaned up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.communicate(timeout=30)
            self._process = None
