"""A signed POST; what its answer means; a key that is asked for rarely and renewed in time."""

import base64
import hashlib
import hmac
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError, ReadTimeoutError

from fanout.testing import Outcome, example, run
from tests.tasks.notify_webhook.conftest import SECRET_ARN, URL

FIRST, SECOND = "Zmlyc3Q=", "c2Vjb25k"
KEY = "c2VjcmV0LW9mLXRoZS1yZWNlaXZlcg=="


class Receiver:
    """Stands where urllib3's pool is: answers with a status, or raises."""

    def __init__(self, *answers: int | HTTPError) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **rest: Any) -> SimpleNamespace:
        self.requests.append({"method": method, "url": url, **rest})
        answer = self.answers.pop(0)
        if isinstance(answer, HTTPError):
            raise answer
        return SimpleNamespace(status=answer, close=lambda: None)


def notify(handler: Any, answer: int | HTTPError) -> tuple[Outcome, Receiver]:
    receiver = Receiver(answer)
    handler._http = receiver
    handler.signing_key, handler.key_after = (lambda: KEY), (lambda refused: KEY)
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


@pytest.mark.parametrize("status", [103, 408, 429, 500, 502, 503, 504])
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


class Secret:
    """The task's module `secret`, with a clock and a Secrets Manager that a test sets."""

    def __init__(self, handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_700_000_000.0
        self.value, self.reads = FIRST, 0
        self.module: Any = sys.modules[handler.signing_key.__module__]
        monkeypatch.setattr(self.module, "time", SimpleNamespace(time=lambda: self.now))
        monkeypatch.setattr(self.module, "_secrets", self)

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        assert SecretId == SECRET_ARN
        self.reads += 1
        return {"SecretString": self.value}


@pytest.fixture
def secret(handler: Any, monkeypatch: pytest.MonkeyPatch) -> Secret:
    return Secret(handler, monkeypatch)


def test_the_key_is_read_once_in_five_minutes_of_the_wall_clock(handler: Any, secret: Secret) -> None:
    assert [handler.signing_key(), handler.signing_key(), secret.reads] == [FIRST, FIRST, 1]
    secret.value = SECOND
    secret.now += secret.module.FRESH_SECONDS
    assert handler.signing_key() == FIRST
    secret.now += 1
    assert handler.signing_key() == SECOND


def test_a_clock_that_was_set_back_keeps_no_key(handler: Any, secret: Secret) -> None:
    handler.signing_key()
    secret.now -= 3_600
    secret.value = SECOND
    assert handler.signing_key() == SECOND


def test_a_key_may_have_its_usual_beginning_and_what_is_none_is_told(handler: Any, secret: Secret) -> None:
    secret.value = f"whsec_{KEY}\n"
    assert handler.signing_key() == KEY
    secret.now += 3_600
    secret.value = '{"key": "no"}'
    handler._http = Receiver()
    outcome = run(handler.handle, example("contact_form"))
    assert (outcome.kind, outcome.error_type) == ("failed", "TransientError") and "no base64 key" in str(outcome.error)
    secret.value = KEY
    handler._http = Receiver(200)
    assert run(handler.handle, example("contact_form")).kind == "done"


def test_nothing_is_posted_in_plain_text(handler: Any) -> None:
    handler._URL = "http://hooks.example.com/hook"
    outcome, receiver = notify(handler, 200)
    assert (outcome.kind, outcome.error_type, receiver.requests) == ("failed", "TransientError", [])


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_refused_signature_is_made_once_more_with_the_key_as_it_is_now(
    handler: Any, secret: Secret, refusal: int
) -> None:
    secret.value = KEY
    handler.signing_key()
    secret.value = base64.b64encode(b"rotated").decode()
    handler._http = Receiver(refusal, 200)
    event = example("contact_form")
    assert run(handler.handle, event).kind == "done"
    first, second = handler._http.requests
    assert secret.reads == 2 and first["headers"]["webhook-signature"] != second["headers"]["webhook-signature"]
    assert {each["headers"]["webhook-id"] for each in (first, second)} == {event["id"]}


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_signature_that_is_refused_with_the_newest_key_too_is_permanent(
    handler: Any, secret: Secret, refusal: int
) -> None:
    secret.value = KEY
    handler.signing_key()
    secret.value = base64.b64encode(b"rotated").decode()
    handler._http = Receiver(refusal, refusal)
    expected = Outcome("dead", "PermanentError", f"the webhook answered {refusal}")
    assert run(handler.handle, example("contact_form")) == expected


def test_a_refused_key_that_another_event_has_renewed_is_not_asked_for_again(handler: Any, secret: Secret) -> None:
    handler.signing_key()
    assert handler.key_after("older") == FIRST and secret.reads == 1
