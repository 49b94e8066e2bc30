"""What is answered over HTTP: an entry is stored before its 201, a repetition is the same entry, and nothing else leaves."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout import names
from fanout.intake import handler
from tests.unit.intake.conftest import GOOD, World, put_in_place
from tests.unit.intake.world import http
from tests.unit.lambdas.conftest import Lines

JSON = {"content-type": "application/json"}
PAGE = {"accept": "text/html,application/xhtml+xml", "content-type": "application/x-www-form-urlencoded"}


def post(answers: Any, **headers: str) -> dict[str, Any]:
    return handler.handle(http("POST", "/berlin", json.dumps(answers), {**JSON, **headers}), None)


def test_what_is_stored_is_the_event_that_will_be_published(world: World) -> None:
    answer = post({**GOOD, "name": "Kim", "number": 2, "note": "two\nlines"})
    assert answer["statusCode"] == 201
    reference = json.loads(answer["body"])["reference"]
    event = json.loads(world.entries.items[f"entry#{reference}"]["body"]["S"])
    assert event["data"] == {
        "shop_id": "berlin",
        "order_id": reference,
        "customer": {"email": "kim@example.com", "name": "Kim"},
        "items": {"article": "a chair", "number": 2, "note": "two\nlines"},
    }
    assert (event["id"], event["source"], event["type"]) == (f"berlin:{reference}", "/shop/berlin", "order.placed.v1")


@pytest.mark.parametrize(
    ("answers", "pointer", "detail"),
    [
        ({"article": "a chair"}, "#/email", "E-mail address: this is needed"),
        ({**GOOD, "email": "kim"}, "#/email", "E-mail address: enter an address such as name@example.com"),
        ({**GOOD, "article": "a bed"}, "#/article", "Article: choose one of the answers"),
        ({**GOOD, "number": 0}, "#/number", "Number: at least 1"),
        ({**GOOD, "number": "two"}, "#/number", "Number: enter a whole number"),
        ({**GOOD, "name": "Kim\nBcc: all"}, "#/name", "Name: one line of text"),
        ({**GOOD, "note": "\x1b[2J"}, "#/note", "Note: enter text"),
        ({**GOOD, "extras": ["cushion", "cushion"]}, "#/extras", "Extras: choose each answer once"),
        ({**GOOD, "hidden": "x"}, "#", "1 of the fields that were sent are not asked for"),
    ],
)
def test_each_wrong_answer_is_named_by_its_field(
    world: World, answers: dict[str, Any], pointer: str, detail: str
) -> None:
    answer = post(answers)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (422, "application/problem+json")
    assert json.loads(answer["body"])["errors"] == [{"pointer": pointer, "detail": detail}]
    assert world.entries.items == {}


def test_the_same_key_and_answers_are_one_entry(world: World) -> None:
    first, second = post(GOOD, **{"idempotency-key": "k"}), post(GOOD, **{"idempotency-key": "k"})
    assert (first["statusCode"], second["statusCode"]) == (201, 200)
    assert first["body"] == second["body"]
    assert sum(key.startswith("entry#") for key in world.entries.items) == 1


def test_the_same_key_with_other_answers_is_a_conflict(world: World) -> None:
    post(GOOD, **{"idempotency-key": "k"})
    answer = post({**GOOD, "article": "a table"}, **{"idempotency-key": "k"})
    assert answer["statusCode"] == 409
    assert sum(key.startswith("entry#") for key in world.entries.items) == 1


def test_a_table_that_does_not_answer_is_no_yes(world: World) -> None:
    world.entries.next = ["away"]
    answer = post(GOOD)
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")


def test_an_answer_that_was_lost_is_found_again_by_its_key(world: World) -> None:
    world.entries.next = ["lost for good"]
    assert post(GOOD, **{"idempotency-key": "k"})["statusCode"] == 503
    assert post(GOOD, **{"idempotency-key": "k"})["statusCode"] == 200


def test_a_page_is_sent_back_with_what_was_given_and_what_is_wrong(world: World) -> None:
    body = urlencode({"email": "<b>kim", "article": "a chair", "_key": "k1"})
    answer = handler.handle(http("POST", "/berlin", body, PAGE), None)
    assert answer["statusCode"] == 422
    assert "&lt;b&gt;kim" in answer["body"] and "<b>kim" not in answer["body"]
    assert 'href="#email"' in answer["body"] and 'aria-invalid="true"' in answer["body"]
    assert 'value="k1"' in answer["body"]  # the same entry once it is right


def test_after_a_page_comes_another_so_that_a_reload_sends_nothing(world: World) -> None:
    body = urlencode({"email": "kim@example.com", "article": "a chair", "_key": "k1", "gift": "yes"})
    answers = [handler.handle(http("POST", "/berlin", body, PAGE), None) for _ in range(2)]
    assert [each["statusCode"] for each in answers] == [303, 303]
    assert answers[0]["headers"]["location"] == answers[1]["headers"]["location"]


def test_what_a_machine_fills_in_is_not_taken(world: World) -> None:
    body = urlencode({"email": "kim@example.com", "article": "a chair", "_leave_empty": "x"})
    assert handler.handle(http("POST", "/berlin", body, PAGE), None)["statusCode"] == 422
    assert world.entries.items == {}


def test_one_address_has_so_many_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(names.INTAKE_PER_MINUTE, "2")
    assert [post(GOOD)["statusCode"] for _ in range(3)] == [201, 201, 429]
    assert not any("192.0.2.1" in json.dumps(each) for each in world.entries.items.values())


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (http("GET", "/paris"), 404),
        (http("PUT", "/berlin"), 405),
        (http("POST", "/berlin", "{}", {"content-type": "text/plain"}), 415),
        (http("POST", "/berlin", "[1]", JSON), 400),
        (http("POST", "/berlin", '{"email": "a", "email": "b"}', JSON), 400),
        (http("POST", "/berlin", '{"a": "\\ud800"}', JSON), 400),
        (http("POST", "/berlin", "x" * 200_001, JSON), 413),
        (http("POST", "/berlin", json.dumps(GOOD), {**JSON, "idempotency-key": "a b"}), 400),
        (http("GET", "/entries/abc", token="x"), 404),
        (http("DELETE", "/entries/abc", token="x"), 405),
        ({}, 404),
        ({"requestContext": 1, "headers": [1], "body": 3}, 400),
    ],
)
def test_what_cannot_be_answered_with_yes_says_so(world: World, event: dict[str, Any], status: int) -> None:
    assert handler.handle(event, None)["statusCode"] == status


def test_a_body_in_base64_is_read(world: World) -> None:
    event = {
        **http("POST", "/berlin", "", JSON),
        "body": base64.b64encode(json.dumps(GOOD).encode()).decode(),
        "isBase64Encoded": True,
    }
    assert handler.handle(event, None)["statusCode"] == 201


def test_the_status_is_told_to_whoever_has_the_link_alone(world: World) -> None:
    place = json.loads(post(GOOD)["body"])["status"]
    path, _, token = place.partition("?token=")
    told = handler.handle(http("GET", path, token=token), None)
    assert (told["statusCode"], json.loads(told["body"])["status"]) == (200, "Received")
    assert "kim@example.com" not in told["body"]
    assert handler.handle(http("GET", path, token="other"), None)["statusCode"] == 404
    assert handler.handle(http("GET", path), None)["statusCode"] == 404


def test_no_answer_is_logged(world: World, lines: Lines) -> None:
    secret = "a secret nobody logs"
    for answers in ({**GOOD, "note": secret}, {**GOOD, "note": secret, "email": "no"}, {**GOOD, secret: secret}):
        post(answers)
    world.entries.next = ["away"]
    post({**GOOD, "note": secret})
    assert lines() and secret not in json.dumps(lines())


any_json = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8)  # fmt: skip
fields = st.dictionaries(
    st.sampled_from(["email", "name", "article", "number", "note", "gift", "extras", "x"]), any_json
)


@given(
    st.dictionaries(
        st.sampled_from(["rawPath", "headers", "requestContext", "body", "isBase64Encoded", "queryStringParameters"]),
        any_json,
    )
)
def test_whatever_comes_is_answered(event: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        put_in_place(World(), patch)
        assert 200 <= handler.handle(event, None)["statusCode"] < 600


@given(fields)
def test_whatever_is_filled_in_is_stored_whole_or_refused(answers: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        made = World()
        put_in_place(made, patch)
        event = http("POST", "/berlin", json.dumps(answers), JSON)
        status = handler.handle(event, None)["statusCode"]
        assert status in (201, 400, 422)
        assert bool(made.entries.items) == (status == 201)
