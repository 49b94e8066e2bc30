"""What a run does again though its stack is the same, and the console beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from fanout.local import console_page, deployed, run, synth
from fanout.local.app import App
from fanout.local.console_page import ConsolePage
from fanout.local.emulator.connection import Connection
from fanout.local.emulator.state import State
from fanout.local.run import Run


def test_what_demo_py_prepares_is_prepared_where_the_stack_is_the_same_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[object] = []
    made = Run(tmp_path)
    made.state.create()
    made.state.port("emulator").write_text("4566")
    made.state.port("receiver").write_text("4567")
    (tmp_path / "cdk.json").write_text('{"context": {}}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "load", lambda: App(prepare=lambda session, receiver: prepared.append(receiver)))
    monkeypatch.setattr(run, "stack_name", lambda entry: "OrderEvents-local")
    monkeypatch.setattr(synth, "synthesize", lambda *given, **named: "cdk.out")
    monkeypatch.setattr(deployed, "is_deployed", lambda *given: True)
    monkeypatch.setattr(made, "_settle", lambda told: None)
    made._deploy(lambda deletions: None)
    assert prepared == [made.receiver]


class Started:
    """In place of the console's process."""

    def __init__(self) -> None:
        self.asks: list[str] = []
        self.runs = False

    def pid(self) -> int | None:
        return 1 if self.runs else None

    def start(self, program: object, environment: dict[str, str], pass_fds: object) -> None:
        self.asks.append(environment["AWS_ENDPOINT_URL"])
        self.runs = True

    def stop(self, patience: float) -> bool:
        self.runs = False
        return True

    def wait_until_ready(self, answers: Callable[[], bool], deadline: float) -> None: ...


def test_a_console_asks_the_embedded_aws_where_it_is_now_under_the_address_that_a_browser_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_page, "require", lambda *packages, by: None)
    monkeypatch.setattr(console_page, "PREFERRED_PORT", 0)
    state = State(tmp_path)
    state.create()
    page, process = ConsolePage(state), Started()
    page.process = cast(Any, process)
    addresses = []
    for port in (4566, 4566, 4577):
        page.start(Connection(port, state.authority), "OrderEvents-local")
        addresses.append(page.address)
    assert process.asks == ["https://127.0.0.1:4566", "https://127.0.0.1:4577"]
    assert len(set(addresses)) == 1
