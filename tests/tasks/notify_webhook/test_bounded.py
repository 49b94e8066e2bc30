"""A receiver may drip, flood or be silent: it costs the task so many seconds and no memory, and never more."""

import time
from pathlib import Path
from typing import Any

import pytest

from fanout.testing import Outcome, example, run
from tests.tasks.notify_webhook.receivers import MOST, Answer, drip, flood, receiver, silence, sip

TOTAL = 0.4
OK = b"HTTP/1.1 200 OK\r\n"
KEY = "c2VjcmV0LW9mLXRoZS1yZWNlaXZlcg=="


def notify(handler: Any, folder: Path, answer: Answer, *, tls: bool = True) -> tuple[Outcome, float]:
    """The outcome, and the seconds it took."""
    handler.signing_key = lambda: KEY
    with receiver(folder, answer, tls=tls) as (handler._URL, authority):
        handler._http = handler.bounded_pool(connect=TOTAL, total=TOTAL, authority=authority)
        began = time.monotonic()
        return run(handler.handle, example("contact_form")), time.monotonic() - began


@pytest.mark.parametrize(
    "answer",
    [silence, drip(b"H"), drip(b"x", OK + b"x-slow: "), drip(b"HTTP/1.1 100 Continue\r\n\r\n"), drip(b"x: y\r\n", OK)],
    ids=["silent", "status", "header", "continue", "headers"],
)
def test_a_receiver_that_does_not_come_to_an_end_is_waited_for_no_longer_than_the_total(
    handler: Any, tmp_path: Path, answer: Answer
) -> None:
    outcome, seconds = notify(handler, tmp_path, answer)
    assert outcome.error_type == "TransientError" and outcome.error.startswith("the webhook did not answer")
    assert TOTAL * 0.9 < seconds < TOTAL * 4


@pytest.mark.parametrize("answer", [silence, drip(b"\x16")], ids=["silent", "drips"])
def test_a_handshake_that_never_ends_is_given_up(handler: Any, tmp_path: Path, answer: Answer) -> None:
    outcome, seconds = notify(handler, tmp_path, answer, tls=False)
    assert (outcome.kind, outcome.error_type) == ("failed", "TransientError") and seconds < TOTAL * 4


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"x", OK + b"content-length: 1000000\r\n\r\n"),
        flood(b"1\r\nx\r\n" * 10_000, OK + b"transfer-encoding: chunked\r\n\r\n"),
        flood(b"x" * 60_000, OK + b"\r\n"),
    ],
    ids=["drips", "chunks", "until-closed"],
)
def test_the_body_of_an_answer_is_not_waited_for(handler: Any, tmp_path: Path, answer: Answer) -> None:
    outcome, seconds = notify(handler, tmp_path, answer)
    assert outcome.kind == "done" and seconds < TOTAL


@pytest.mark.parametrize("endless", [b"x: y\r\n" * 1_000, b"x" * 60_000], ids=["headers", "one-header"])
def test_headers_without_end_are_no_answer(handler: Any, tmp_path: Path, endless: bytes) -> None:
    outcome, _ = notify(handler, tmp_path, flood(endless, OK))
    assert outcome == Outcome("failed", "TransientError", "the webhook did not answer: ProtocolError")


@pytest.mark.parametrize("reads", [silence, sip], ids=["nothing", "a-little"])
def test_a_receiver_that_does_not_read_on_is_given_up(handler: Any, tmp_path: Path, reads: Answer) -> None:
    event = example("contact_form")
    event["data"]["answers"] = {"q": "x" * 8_000_000}  # more than the sockets' buffers take
    handler.signing_key = lambda: KEY
    with receiver(tmp_path, reads) as (handler._URL, authority):
        handler._http = handler.bounded_pool(connect=MOST, total=TOTAL, authority=authority)
        began = time.monotonic()
        assert run(handler.handle, event).error_type == "TransientError"
        assert time.monotonic() - began < MOST / 2


def test_the_pools_total_twice_is_less_than_the_functions_time(handler: Any) -> None:
    timeout = handler._http.connection_pool_kw["timeout"]
    assert 2 * (timeout.connect_timeout + timeout.read_timeout) < 30
    assert handler._http.connection_pool_kw["ssl_context"].sslsocket_class.seconds == timeout.read_timeout
