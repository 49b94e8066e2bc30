"""The task that posts to a receiver: a dripping one costs it a bounded time, a rotated key is asked for again."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout.local.emulator.certificate import make_certificate
from fanout.local.emulator.ports import listen
from fanout.local.emulator.state import State
from fanout.local.webhook.server import Answer, Server
from fanout.testing import example, run, task_module

KEY = base64.b64encode(b"a key of the tests").decode()
ROTATED = base64.b64encode(b"a newer one").decode()
TOTAL = 0.4


@pytest.fixture
def handler() -> Iterator[Any]:
    with task_module("notify_partner", WEBHOOK_URL="https://127.0.0.1:9/", WEBHOOK_SECRET_ARN="arn") as module:
        yield module


@pytest.fixture
def server(tmp_path: Path, handler: Any) -> Iterator[Server]:
    """The receiver of the embedded AWS, in this process; the task posts to it."""
    state = State(tmp_path)
    state.server_certificate.parent.mkdir()
    make_certificate(state)
    listener, _ = listen(state, "receiver")
    server = Server(listener.detach(), str(state.server_certificate))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    handler._URL = f"https://127.0.0.1:{server.server_address[1]}/webhook"
    handler._http = handler.bounded_pool(connect=TOTAL, total=TOTAL, authority=str(state.authority))
    handler.signing_key = lambda: KEY
    handler.key_after = lambda refused: ROTATED
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("drips", "kind"), [("head", "failed"), ("body", "done")])
def test_a_receiver_that_drips_costs_a_bounded_time(handler: Any, server: Server, drips: str, kind: str) -> None:
    server.inbox.answers[None] = Answer(drips=drips)
    began = time.monotonic()
    assert run(handler.handle, example("contact_form")).kind == kind
    assert time.monotonic() - began < 4 * TOTAL


def test_a_refused_signature_is_made_once_more_with_the_key_as_it_is_now(handler: Any, server: Server) -> None:
    event = example("contact_form")
    server.inbox.answers[None] = Answer(401)
    assert run(handler.handle, event).error == "the webhook answered 401"
    first, second = server.inbox.found("")
    body, headers = json.dumps(event), second["headers"]
    expected = handler.sign(event["id"], body, ROTATED, now=int(headers["webhook-timestamp"]))
    assert headers["webhook-signature"] == expected["webhook-signature"] != first["headers"]["webhook-signature"]


def test_a_key_grows_old_while_a_container_is_frozen(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import notify_partner.secret as secret

    keys, clock = [KEY, ROTATED], SimpleNamespace(now=1_700_000_000.0)
    monkeypatch.setattr(secret, "_secrets", SimpleNamespace(get_secret_value=lambda **_: {"SecretString": keys.pop(0)}))
    monkeypatch.setattr(secret, "time", SimpleNamespace(time=lambda: clock.now))
    assert [secret.signing_key(), secret.signing_key()] == [KEY, KEY]
    clock.now += 25 * 3600  # by the wall: a monotonic clock would have stood still
    assert secret.signing_key() == ROTATED
