"""The webhook's receiver: it answers as it is told, checks signatures, and logs no body."""

import socket
import ssl
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from fanout.local.emulator.certificate import make_certificate
from fanout.local.emulator.ports import HOST
from fanout.local.run import Run
from fanout.local.webhook.signature import signature_of

KEY = "bWFkZSB1cCBmb3IgYSB0ZXN0"


@pytest.fixture
def receiver_run(run: Run) -> Run:
    make_certificate(run.state)
    run.receiver.start()
    return run


def post(run: Run, body: bytes, headers: dict[str, str] | None = None, timeout: float = 5) -> int:
    context = ssl.create_default_context(cafile=str(run.state.authority))
    request = Request(run.receiver.url, data=body, headers=headers or {}, method="POST")
    try:
        with urlopen(request, context=context, timeout=timeout) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_the_receiver_answers_as_it_is_told_and_heals(receiver_run: Run) -> None:
    receiver, body = receiver_run.receiver, b'{"data": {"form_id": "contact"}}'
    assert post(receiver_run, body) == 200
    receiver.answer(500)
    receiver.answer(410, form_id="contact")
    assert post(receiver_run, body) == 410
    assert post(receiver_run, b"{}") == 500
    assert [(each.form_id, each.answer) for each in receiver.requests()] == [
        ("contact", 200),
        ("contact", 410),
        (None, 500),
    ]
    receiver.heal()
    receiver.forget()
    assert post(receiver_run, body) == 200
    assert len(receiver.requests()) == 1


def test_the_receiver_can_be_too_slow(receiver_run: Run) -> None:
    receiver_run.receiver.answer(200, delay=2)
    with pytest.raises((TimeoutError, URLError)):
        post(receiver_run, b"{}", timeout=0.2)


def test_the_receiver_checks_signatures_with_the_key_it_is_given(receiver_run: Run) -> None:
    from notify_webhook.signature import sign

    headers = sign("an-event", '{"a": 1}', KEY)
    post(receiver_run, b'{"a": 1}', headers)
    post(receiver_run, b'{"a": 2}', headers)
    seen = receiver_run.receiver.requests("an-event")
    assert [each.signature for each in seen] == ["no key yet", "no key yet"]
    receiver_run.receiver.give_key(KEY)
    seen = receiver_run.receiver.requests("an-event")
    assert [each.signature for each in seen] == ["valid", "invalid"]


def test_the_receiver_logs_no_body_and_survives_nonsense(receiver_run: Run) -> None:
    assert post(receiver_run, b"\xff not json: an answer") == 200
    with socket.create_connection((HOST, receiver_run.receiver.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert receiver_run.receiver.requests()[0].form_id is None
    assert "an answer" not in receiver_run.state.log("receiver").read_text()


def test_a_signature_is_refused_when_it_is_old_or_missing() -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": "1000", "webhook-signature": "v1,x"}
    assert signature_of(headers, b"", KEY, received_at=1000) == "invalid"
    assert signature_of(headers, b"", KEY, received_at=2000) == "too old or too new"
    assert signature_of({}, b"", KEY, received_at=1000) == "unsigned"
    assert signature_of(headers, b"", "***", received_at=1000) == "the key is not base64"
