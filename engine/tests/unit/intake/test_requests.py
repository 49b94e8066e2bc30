"""Whatever reaches the function behind the API, it answers, in a shape that API Gateway takes, and says nothing of it."""

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanout import names
from fanout.intake import entry, page, store
from fanout.intake import request as requests
from fanout.intake.handler import handle
from tests.unit.intake.entries import World
from tests.unit.intake.given import request
from tests.unit.lambdas.conftest import Lines

GOOD = {"email": "ada@example.com", "topic": "A question", "consent": True}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def post(content: Any = GOOD, key: str | None = None, **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {}) | ({"idempotency-key": key} if key else {})
    return handle(request(body=json.dumps(content), headers=headers, **more), None)


def posted_by_a_browser(fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """API Gateway hands these over in base64."""
    body = base64.b64encode(urlencode(fields, doseq=True).encode()).decode()
    headers = {"content-type": page.FIELDS, "accept": BROWSER, "origin": "https://forms.example.com"}
    return handle(request(body=body, headers=headers) | {"isBase64Encoded": True} | more, None)


def test_an_entry_is_stored_with_what_is_to_be_emitted_before_it_is_answered(world: World) -> None:
    answer = post()
    assert answer["statusCode"] == 201
    reference = json.loads(answer["body"])["reference"]
    (item,) = world.table.entries().values()
    event = json.loads(item["body"]["S"])
    assert event["data"] == {
        "shop_id": "contact",
        "order_id": reference,
        "customer": {"email": "ada@example.com"},
        "items": {"topic": "A question", "consent": True},
    }
    assert (event["id"], event["source"], event["type"]) == (f"contact:{reference}", "/shop/contact", "order.placed.v1")
    assert item["attributes"]["M"] == {"type": {"S": "order.placed.v1"}, "shop_id": {"S": "contact"}}
    assert item["unsent_group"] == {"S": "contact"}
    assert "expires_at" not in item
    assert world.published == []


def test_the_status_page_is_where_the_answer_says_under_any_domain_and_path(world: World) -> None:
    for path in ("/contact", "/contact/"):
        place = post(path=path)["headers"]["location"]
        for base in ("https://forms.example.com", "http://localhost:4566/_aws/execute-api/a1/$default"):
            assert re.fullmatch(rf"{re.escape(base)}/entries/\w+\?token=[\w-]+", urljoin(base + path, place))


def test_errors_are_problem_details_by_field(world: World) -> None:
    answer = post({**GOOD, "email": "nobody", "people": 9})
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"]) == {
        "type": "about:blank",
        "title": "2 of the answers cannot be taken",
        "status": 422,
        "errors": [
            {"pointer": "#/email", "detail": "E-mail: enter an address such as name@example.com"},
            {"pointer": "#/people", "detail": "People: at most 8"},
        ],
    }
    assert world.table.items == {}


def test_a_browser_gets_its_page_back_with_what_was_filled_in(world: World) -> None:
    answer = posted_by_a_browser({"email": "nobody", "topic": "A question", page.KEY: "k" * 22})
    assert answer["statusCode"] == 422
    assert 'value="nobody"' in answer["body"]
    assert f'value="{"k" * 22}"' in answer["body"]
    assert 'href="#consent"' in answer["body"]


def test_a_browser_is_sent_to_the_status_page(world: World) -> None:
    fields = {**GOOD, "consent": "yes", "days": ["Monday"], page.TRAP: "", page.KEY: "k" * 22}
    answer = posted_by_a_browser(fields)
    assert (answer["statusCode"], answer["body"]) == (303, "")
    assert posted_by_a_browser(fields)["headers"]["location"] == answer["headers"]["location"]
    assert len(world.table.entries()) == 1


def test_the_same_key_is_the_same_entry_and_another_content_is_refused(world: World) -> None:
    first, again = post(key="k1"), post(dict(reversed(GOOD.items())), key="k1")
    assert (first["statusCode"], again["statusCode"]) == (201, 200)
    assert first["body"] == again["body"]
    assert post({**GOOD, "name": "Ada"}, key="k1")["statusCode"] == 409
    assert post({"text": "x"}, key="k1", path="/note")["statusCode"] == 201
    assert len(world.table.entries()) == 2


def test_a_page_that_was_sent_with_other_answers_says_what_to_do(world: World) -> None:
    post(key="k1")
    answer = posted_by_a_browser({**GOOD, "consent": "yes", "name": "Ada", page.KEY: "k1"})
    assert answer["statusCode"] == 409
    assert "open it anew" in answer["body"]


def test_a_key_is_remembered_for_a_week_however_late_dynamodb_deletes_it(world: World) -> None:
    world.now = 1_800_057_599.9  # a moment before midnight
    post(key="k1")
    world.now += 0.2
    assert post(key="k1")["statusCode"] == 200
    world.now += store.KEY_SECONDS - 1
    assert post(key="k1")["statusCode"] == 200
    world.now += 2
    assert post({**GOOD, "name": "Ada"}, key="k1")["statusCode"] == 201
    assert len(world.table.entries()) == 2


def test_a_double_click_is_one_entry_when_its_transactions_meet(world: World) -> None:
    first = post(key="k1")
    world.table.next = ["conflict", "conflict"]
    assert post(key="k1")["body"] == first["body"]
    world.table.next = ["conflict"] * store.MOST_CONFLICTS
    assert post(key="k2")["statusCode"] == 503


@pytest.mark.parametrize("how", ["away", "throttled", "lost", "lost for good"])
def test_what_dynamodb_does_not_answer_is_no_yes_and_the_same_key_may_try_again(
    world: World, how: str, lines: Lines
) -> None:
    world.table.next = [how]
    answer = post(key="k1")
    if how == "lost":
        assert answer["statusCode"] == 201
    else:
        assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "5")
        assert "example.com" not in json.dumps(lines())
    assert post(key="k1")["statusCode"] == {"lost": 200, "lost for good": 200}.get(how, 201)
    assert len(world.table.entries()) == 1


def test_a_body_that_is_too_large_for_the_topic_is_refused_in_one_line(world: World) -> None:
    answer = post({"text": "x" * (requests.MOST_BYTES + 1)}, path="/note")
    assert (answer["statusCode"], json.loads(answer["body"])["title"]) == (
        413,
        "the entry is too large: at most 200000 bytes",
    )
    growing = json.dumps({"text": "\uffff" * 66_000}, ensure_ascii=False)  # three bytes each here, six in the event
    answer = handle(request(body=growing, path="/note"), None)
    assert (answer["statusCode"], json.loads(answer["body"])["title"]) == (
        413,
        f"the entry is too large: its event has at most {entry.MOST_BYTES} bytes",
    )
    assert world.table.items == {}


def test_the_largest_entry_fits_into_an_item_and_a_message(world: World) -> None:
    body = json.dumps({"text": "\u00e9" * 99_000}, ensure_ascii=False)
    assert handle(request(body=body, path="/note"), None)["statusCode"] == 201


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"path": "/"}, 404),
        ({"path": "/nothing"}, 404),
        ({"path": "/contact/more"}, 404),
        ({"path": "/entries/x"}, 405),
        ({"method": "DELETE"}, 405),
        ({"method": "OPTIONS"}, 405),
        ({"headers": {"content-type": "text/plain"}, "body": "{}"}, 415),
        ({"headers": {"content-type": "multipart/form-data; boundary=a"}, "body": "--a--"}, 415),
        ({"body": "{"}, 400),
        ({"body": "[]"}, 400),
        ({"body": '{"email": "a", "email": "b"}'}, 400),
        ({"body": '{"budget": NaN}'}, 400),
        ({"body": '{"name": "\\ud800"}'}, 400),
        ({"body": "[" * 100_000}, 400),
        ({"body": 7}, 400),
        ({"body": "%%%", "isBase64Encoded": True}, 400),
        ({"headers": {"content-type": page.FIELDS}, "body": "name=%ff"}, 400),
        ({"headers": {"content-type": page.FIELDS}, "body": "&".join("a=1" for _ in range(1_001))}, 400),
        ({"headers": {"idempotency-key": "two words"}, "body": "{}"}, 400),
        ({"headers": {"idempotency-key": "k" * 256}, "body": "{}"}, 400),
        ({"body": json.dumps({page.KEY: 7})}, 400),
        ({"body": json.dumps({**GOOD, page.TRAP: "buy now"})}, 422),
        ({"headers": {"origin": "https://elsewhere.example"}, "body": "{}"}, 403),
        ({"headers": {"origin": "null"}, "body": "{}"}, 403),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_status(world: World, changes: dict[str, Any], status: int) -> None:
    answer = handle(request(**changes), None)
    assert answer["statusCode"] == status
    problem = json.loads(answer["body"])
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert world.table.entries() == {}


@pytest.mark.parametrize("origin", ["https://forms.example.com", "https://www.example.com"])
def test_pages_of_this_address_and_of_the_named_ones_may_send(world: World, origin: str) -> None:
    assert post(headers={"origin": origin})["statusCode"] == 201


@pytest.mark.parametrize("address", ["https://forms.example.org", "https://Forms.example.org/apply"])
def test_behind_a_cdn_the_pages_of_the_address_that_browsers_know_may_send(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"host": "api.example.com", "origin": "https://forms.example.org"}
    assert post(headers=sent)["statusCode"] == 403
    monkeypatch.setenv(names.INTAKE_ADDRESS, address)
    assert post(headers=sent)["statusCode"] == 201
    assert post(headers={**sent, "origin": "https://elsewhere.example"})["statusCode"] == 403


def test_what_is_not_understood_names_what_is(world: World) -> None:
    assert handle(request("PUT"), None)["headers"]["allow"] == "GET, HEAD, POST"
    assert handle(request("POST", "/entries/x"), None)["headers"]["allow"] == "GET, HEAD"


def test_head_is_get_without_the_page(world: World) -> None:
    head, get = handle(request("HEAD"), None), handle(request("GET"), None)
    assert (head["statusCode"], head["body"]) == (200, "")
    assert head["headers"] == get["headers"]
    assert get["body"]


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/*", True),
        ("TEXT/HTML;level=1", True),
        ("application/json;q=0.2, text/html;q=0.9", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("application/json, text/html;q=0", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=nonsense", False),
        (",;=,;q", False),
    ],
)
def test_a_page_is_for_whoever_would_rather_have_one(world: World, accept: str, is_page: bool) -> None:
    answer = handle(request(path="/nothing", headers={"accept": accept}), None)
    assert answer["headers"]["content-type"].startswith("text/html" if is_page else "application/problem+json")


def test_each_address_has_a_number_of_entries_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(names.INTAKE_PER_MINUTE, "2")
    statuses = [post(source=source)["statusCode"] for source in ["203.0.113.7"] * 3 + ["203.0.113.8"]]
    assert statuses == [201, 201, 429, 201]
    same = [post(source=source)["statusCode"] for source in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:9::3"]]
    assert same == [201, 201, 429]
    assert post(source="2001:db8:0:1::1")["statusCode"] == 201
    world.now += 60
    assert post()["statusCode"] == 201
    assert "203.0.113" not in json.dumps(world.table.items)
    world.now += 180
    world.table.delete_expired()
    assert not [key for key in world.table.items if key.startswith("rate#")]


def test_no_answer_is_in_any_line(world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "canary.person@example.com"
    post({**GOOD, "email": canary})
    post({**GOOD, "email": canary, "people": canary, canary: canary})
    handle(request(body=f'{{"email": "{canary}"'), None)
    for how in ("away", "throttled"):
        world.table.next = [how]
        post({**GOOD, "email": canary})
    monkeypatch.setattr(entry, "check", _refuses)
    assert post({**GOOD, "email": canary})["statusCode"] == 422
    told = json.dumps(lines())
    assert "stored" in told
    assert "the contract refuses" in told
    assert "canary" not in told


def _refuses(*event: object) -> None:
    raise entry.NotAnEvent("data.items must be object")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.one_of(
    st.binary(max_size=60).map(lambda raw: {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}),
    ANYTHING.map(lambda value: {"body": json.dumps(value)}),
    st.dictionaries(st.sampled_from([*GOOD, "name", "days", "people", "budget", page.KEY, page.TRAP]), ANYTHING).map(
        lambda value: {"body": json.dumps({**GOOD, **value})}
    ),
    ANYTHING.map(lambda value: {"body": value}),
)


@given(
    BODIES,
    st.sampled_from(["GET", "HEAD", "POST", "", "PATCH"]),
    st.sampled_from(["/contact", "/note", "/", "/entries/", "/entries/\ud800"]) | st.text(max_size=5),
    st.dictionaries(st.sampled_from(["accept", "Content-Type", "origin", "idempotency-key"]), ANYTHING | st.sampled_from([BROWSER, requests.JSON, page.FIELDS])),
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_request_gets_an_answer_that_api_gateway_takes(
    world: World, body: dict[str, Any], method: str, path: str, headers: dict[str, Any]
) -> None:
    answer = handle(request(method, path, headers=headers, **body) | {"queryStringParameters": {"token": path}}, None)
    json.dumps(answer)
    assert answer["statusCode"] in (200, 201, 303, 400, 403, 404, 405, 409, 413, 415, 422)
    assert isinstance(answer["body"], str)
    assert all(isinstance(value, str) and "\n" not in value for value in answer["headers"].values())


@given(ANYTHING)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_so_does_what_is_no_request(world: World, event: Any) -> None:
    for each in (event, {"requestContext": event}, {"requestContext": {"http": event}}, {"headers": event}):
        assert handle(each, None)["statusCode"] in (400, 404, 405)
