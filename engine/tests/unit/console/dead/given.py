"""The pages of dead letters, served in memory to a browser that has the token: over the doubles of an operator's world."""

import re
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fanout.console import app as console_app
from fanout.console.allowed import read_allowed
from fanout.console.budget import Budget
from fanout.console.console import Console
from fanout.console.dead.routes import routes
from fanout.console.guard import Guard
from fanout.ops.dead_letters import edit as editing
from fanout.ops.interrupt import Stop
from fanout.ops.redrive import preview, runner
from tests.unit.ops.given import World
from tests.unit.ops.test_redrive import Outcomes

ADDRESS = "http://127.0.0.1:4577"


class Browser:
    """`allow` is what --allow says. Posts as a form of the last page does."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, allow: str = "redrive,edit") -> None:
        self.world, self._monkeypatch = world, monkeypatch
        self.outcomes(Outcomes(lambda _: "done"))
        monkeypatch.setattr(preview, "refuse_if_unsafe", lambda *_, **__: None)
        monkeypatch.setattr(editing, "read_subscriptions", lambda _: [])
        monkeypatch.setattr(Stop, "sleep", lambda self, seconds: None)
        monkeypatch.setattr(Path, "home", lambda: world.folder)
        self.allow = allow
        self.start()

    def start(self) -> None:
        """The console, anew: it knows nothing but the journal."""
        self.console = Console(lambda: self.world.stack, lambda: self.world.stack, Budget(), read_allowed(self.allow))
        guard = Guard.on_loopback(4577)
        self.client = TestClient(console_app.make_app(self.console, guard, (routes,)), ADDRESS)
        self.client.get(f"/?token={guard.token}")
        self._token = guard.form_token("")

    def outcomes(self, outcomes: Outcomes) -> None:
        self._monkeypatch.setattr(runner, "OutcomeWatcher", lambda _: outcomes)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        self.at = answer.url.path
        return answer.text

    def post(self, path: str, status: int = 200, **form: str) -> str:
        answer = self.client.post(path, data={"form_token": self._token, **form}, headers={"origin": ADDRESS})
        assert answer.status_code == status, answer.text
        self.at = answer.url.path
        return answer.text

    def until(self, path: str, words: str) -> str:
        """The page, once it says so."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            text = self.get(path)
            if words in plain(text):
                return text
            time.sleep(0.01)
        raise AssertionError(f"{path} never said {words!r}: {plain(text)}")


def plain(page: str) -> str:
    """What a person reads of it."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.split("<main", 1)[-1]).split())
