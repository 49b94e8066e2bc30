"""A signed POST; what its answer means; a key that is asked for rarely and renewed in time."""

import base64
import hashlib
import hmac
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from notify_webhook import handler, secret
from notify_webhook.signature import sign
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError, ReadTimeoutError

from fanout.runtime.errors import PermanentError, TransientError
from tests.tasks.conftest import VARIABLES
from tests.tasks.given import example, form

KEY = "c2VjcmV0LW9mLXRoZS1yZWNlaXZlcg=="


class Receiver:
    """Stands where urllib3's pool is: answers with a status, or raises."""

    def __init__(self, answer: int | HTTPError) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **rest: Any) -> SimpleNamespace:
        self.requests.append({"method": method, "url": url, **rest})
        if isinstance(self.answer, HTTPError):
            raise self.answer
        return SimpleNamespace(status=self.answer)


def notify(monkeypatch: pytest.MonkeyPatch, answer: int | HTTPError) -> Receiver:
    receiver = Receiver(answer)
    monkeypatch.setattr(handler, "_http", receiver)
    monkeypatch.setattr(handler, "signing_key", lambda: KEY)
    handler.notify_webhook(form(json.dumps(example())))
    return receiver


def test_the_request_is_the_event_signed_over_id_time_and_body(monkeypatch: pytest.MonkeyPatch) -> None:
    (request,) = notify(monkeypatch, 200).requests
    headers, body = request["headers"], request["body"]
    assert (request["method"], request["url"], request["redirect"]) == ("POST", VARIABLES["WEBHOOK_URL"], False)
    assert json.loads(body) == example() and headers["webhook-id"] == example()["id"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_the_one_of_the_specification() -> None:
    """The example that Standard Webhooks' own libraries test themselves with."""
    headers = sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now=1614265330
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_done(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert notify(monkeypatch, status).requests


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_transient(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TransientError, match=f"the webhook answered {status}"):
        notify(monkeypatch, status)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 422])
def test_what_the_receiver_will_never_take_is_permanent(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermanentError, match=f"the webhook answered {status}"):
        notify(monkeypatch, status)


@pytest.mark.parametrize(
    "raised",
    [
        ConnectTimeoutError(None, "https://user:password@hooks.example.com"),
        ReadTimeoutError(None, "/hook", "timed out"),  # type: ignore[arg-type]
        ProtocolError("connection aborted"),
    ],
    ids=lambda raised: type(raised).__name__,
)
def test_no_answer_is_transient_and_the_reason_holds_no_address(
    raised: HTTPError, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TransientError) as caught:
        notify(monkeypatch, raised)
    assert str(caught.value) == f"the webhook did not answer: {type(raised).__name__}"


def test_connecting_and_reading_have_their_own_time_outs_well_under_the_functions() -> None:
    assert handler._TIMEOUT.connect_timeout == 3 and handler._TIMEOUT.read_timeout == 10


def test_the_key_is_read_once_in_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(secret, "_cached", (float("-inf"), ""))
    monkeypatch.setattr(secret, "time", SimpleNamespace(monotonic=lambda: clock.now))
    request = {"SecretId": VARIABLES["WEBHOOK_SECRET_ARN"]}
    with Stubber(secret._secrets) as stubber:
        stubber.add_response("get_secret_value", {"SecretString": "first"}, request)
        assert [secret.signing_key(), secret.signing_key()] == ["first", "first"]
        clock.now += secret.FRESH_SECONDS + 1
        stubber.add_response("get_secret_value", {"SecretString": "second"}, request)
        assert secret.signing_key() == "second"
