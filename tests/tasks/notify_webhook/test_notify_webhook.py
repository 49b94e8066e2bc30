"""A signed POST; what its answer means; a key that is asked for rarely and renewed in time."""

import base64
import hashlib
import hmac
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError, ReadTimeoutError

from fanout.testing import Outcome, example, run
from tests.tasks.notify_webhook.conftest import SECRET_ARN, URL

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


def notify(handler: Any, answer: int | HTTPError) -> tuple[Outcome, Receiver]:
    receiver = Receiver(answer)
    handler._http = receiver
    handler.signing_key = lambda: KEY
    return run(handler.handle, example("contact_form")), receiver


def test_the_request_is_the_event_signed_over_id_time_and_body(handler: Any) -> None:
    event, (_, receiver) = example("contact_form"), notify(handler, 200)
    (request,) = receiver.requests
    headers, body = request["headers"], request["body"]
    assert (request["method"], request["url"], request["redirect"]) == ("POST", URL, False)
    assert json.loads(body) == event and headers["webhook-id"] == event["id"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_the_one_of_the_specification(handler: Any) -> None:
    """The example that Standard Webhooks' own libraries test themselves with."""
    headers = handler.sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now=1614265330
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_done(handler: Any, status: int) -> None:
    assert notify(handler, status)[0].kind == "done"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(handler: Any, status: int) -> None:
    assert notify(handler, status)[0] == Outcome("failed", "TransientError", f"the webhook answered {status}")


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 422])
def test_what_the_receiver_will_never_take_is_permanent(handler: Any, status: int) -> None:
    assert notify(handler, status)[0] == Outcome("dead", "PermanentError", f"the webhook answered {status}")


@pytest.mark.parametrize(
    "raised",
    [
        ConnectTimeoutError(None, "https://user:password@hooks.example.com"),
        ReadTimeoutError(None, "/hook", "timed out"),  # type: ignore[arg-type]
        ProtocolError("connection aborted"),
    ],
    ids=lambda raised: type(raised).__name__,
)
def test_no_answer_is_transient_and_the_reason_holds_no_address(handler: Any, raised: HTTPError) -> None:
    expected = f"the webhook did not answer: {type(raised).__name__}"
    assert notify(handler, raised)[0] == Outcome("failed", "TransientError", expected)


def test_connecting_and_reading_have_their_own_time_outs_well_under_the_functions(handler: Any) -> None:
    assert handler._TIMEOUT.connect_timeout == 3 and handler._TIMEOUT.read_timeout == 10


def test_the_key_is_read_once_in_five_minutes(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret: Any = sys.modules[handler.signing_key.__module__]
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(secret, "time", SimpleNamespace(monotonic=lambda: clock.now))
    request = {"SecretId": SECRET_ARN}
    with Stubber(secret._secrets) as stubber:
        stubber.add_response("get_secret_value", {"SecretString": "first"}, request)
        assert [handler.signing_key(), handler.signing_key()] == ["first", "first"]
        clock.now += secret.FRESH_SECONDS + 1
        stubber.add_response("get_secret_value", {"SecretString": "second"}, request)
        assert handler.signing_key() == "second"
