"""The webhook's receiver: it answers as it is told, keeps what it gets, and logs no body."""

import socket
import ssl
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from demo import signature_of
from fanout.local.emulator.certificate import make_certificate
from fanout.local.emulator.ports import HOST
from fanout.local.run import Run
from fanout.local.webhook.receiver import WebhookRequest

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
    receiver, body = receiver_run.receiver, b'{"data": {"shop_id": "contact"}}'
    assert post(receiver_run, body) == 200
    receiver.answer(500)
    receiver.answer(410, containing="contact")
    assert post(receiver_run, body) == 410
    assert post(receiver_run, b"{}") == 500
    assert [(each.body, each.answer) for each in receiver.requests()] == [
        (body.decode(), 200),
        (body.decode(), 410),
        ("{}", 500),
    ]
    assert [each.answer for each in receiver.requests("contact")] == [200, 410]
    receiver.heal()
    receiver.forget()
    assert post(receiver_run, body) == 200
    assert len(receiver.requests()) == 1


def test_the_receiver_can_be_too_slow(receiver_run: Run) -> None:
    receiver_run.receiver.answer(200, delay=2)
    with pytest.raises((TimeoutError, URLError)):
        post(receiver_run, b"{}", timeout=0.2)


def test_the_receivers_half_of_the_signature_agrees_with_the_tasks(receiver_run: Run) -> None:
    from notify_partner.signature import sign

    headers = sign("an-event", '{"a": 1}', KEY)
    post(receiver_run, b'{"a": 1}', headers)
    post(receiver_run, b'{"a": 2}', headers)
    assert [signature_of(each, KEY) for each in receiver_run.receiver.requests("an-event")] == ["valid", "invalid"]


def test_the_receiver_logs_no_body_and_survives_nonsense(receiver_run: Run) -> None:
    assert post(receiver_run, b"\xff not json: an answer") == 200
    with socket.create_connection((HOST, receiver_run.receiver.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert receiver_run.receiver.requests()[0].body.endswith("not json: an answer")
    assert "an answer" not in receiver_run.state.log("receiver").read_text()


@pytest.mark.parametrize(
    ("headers", "received_at", "found"),
    [
        ({"webhook-id": "1", "webhook-timestamp": "1000", "webhook-signature": "v1,x"}, 1000, "invalid"),
        ({"webhook-id": "1", "webhook-timestamp": "1000", "webhook-signature": "v1,x"}, 2000, "too old or too new"),
        ({}, 1000, "unsigned"),
    ],
)
def test_a_signature_is_refused_when_it_is_wrong_old_or_missing(
    headers: dict[str, str], received_at: float, found: str
) -> None:
    assert signature_of(WebhookRequest(received_at, "/", headers, "", 200), KEY) == found
