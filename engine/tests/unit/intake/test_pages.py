"""The page to fill in and the page of its status: plain HTML in which everything from outside is escaped."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout import names
from fanout.intake import page, status, store
from fanout.intake.handler import handle
from fanout.intake.relay import SWEPT_AFTER
from fanout.runtime import record
from tests.unit.intake.entries import World
from tests.unit.intake.given import CONFIG, request
from tests.unit.intake.test_relay import stream, sweep
from tests.unit.intake.test_requests import BROWSER, post

CONTACT = CONFIG.definitions["contact"]
VOID = {"meta", "input", "br"}


class Outline(HTMLParser):
    """Elements with their attributes; raises for a page whose elements are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {attrs}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def controls(outline: Outline) -> list[dict[str, str | None]]:
    return [each for each in outline.all("input", "select", "textarea") if each.get("type") != "hidden"]


def test_each_control_has_its_label_and_is_told_by_its_hint_and_error() -> None:
    errors = {each.name: f"{each.title}: wrong" for each in CONTACT.fields}
    outline = Outline(page.entry_page(CONTACT, "key", {}, errors))
    ids = [str(each["id"]) for _, each in outline.elements if "id" in each]
    assert len(set(ids)) == len(ids)
    labelled = {each["for"] for each in outline.all("label") if "for" in each}
    for each in controls(outline):
        assert each["name"] == page.TRAP or each["id"] in labelled
    for _, each in outline.elements:
        for named in (each.get("aria-describedby") or "").split():
            assert named in ids
    linked = [str(each["href"]).removeprefix("#") for each in outline.all("a")]
    assert linked == [each.name for each in CONTACT.fields]
    assert set(linked) <= set(ids)
    assert len(outline.all("h1")) == 1
    assert outline.all("html") == [{"lang": "en"}]
    assert outline.text.count("Error: Contact <us>") == 1


def test_it_asks_for_what_the_definition_asks_for() -> None:
    outline = Outline(page.entry_page(CONTACT, "key"))
    by_name = {each["name"]: each for each in controls(outline)}
    assert set(by_name) == {page.TRAP, *(each.name for each in CONTACT.fields)}
    assert by_name["email"]["type"] == "email"
    assert by_name["day"]["type"] == "date"
    assert by_name["people"]["inputmode"] == "decimal"
    assert by_name["name"]["autocomplete"] == "name"
    assert "required" in by_name["email"]
    assert "required" not in by_name["name"]
    assert "Your name (optional)" in outline.text
    assert len(outline.all("option")) == 8
    assert [each["value"] for each in outline.all("input") if each.get("type") == "hidden"] == ["key"]


def test_it_needs_no_script_and_says_so_to_the_browser(world: World) -> None:
    answer = handle(request("GET", headers={"accept": BROWSER}), None)
    assert "<script" not in answer["body"]
    assert "script-src" not in answer["headers"]["content-security-policy"]
    assert "default-src 'none'" in answer["headers"]["content-security-policy"]
    assert answer["headers"]["cache-control"] == "no-store"
    assert "noindex" in answer["body"]


@pytest.mark.parametrize("value", ['"><script>alert(1)</script>', "</textarea><b>", "&amp;", "'\"`"])
def test_what_was_filled_in_comes_back_as_text(value: str) -> None:
    given_ = {each.name: value for each in CONTACT.fields}
    outline = Outline(page.entry_page(CONTACT, value, given_, {"email": value, "": value}))
    assert outline.all("script", "b") == []
    by_name = {each["name"]: each for each in controls(outline)}
    assert by_name["email"]["value"] == value
    assert value in outline.text


FILLED_IN = st.dictionaries(
    st.sampled_from([each.name for each in CONTACT.fields]),
    st.none() | st.text() | st.integers() | st.lists(st.text(), max_size=2),
)


@given(FILLED_IN, st.dictionaries(st.sampled_from(["", *(each.name for each in CONTACT.fields)]), st.text()))
def test_any_answers_and_errors_make_a_whole_page(filled_in: dict[str, Any], errors: dict[str, str]) -> None:
    outline = Outline(page.entry_page(CONTACT, "key", filled_in, errors))
    assert len(controls(outline)) == len(controls(Outline(page.entry_page(CONTACT, "key"))))


def test_choices_are_kept_after_an_error() -> None:
    answers = {
        "topic": "A complaint",
        "days": ["Tuesday"],
        "size": "3",
        "call_back": "yes",
        "message": "\nfirst line empty",
    }
    html = page.entry_page(CONTACT, "key", answers, {"email": "wrong"})
    checked = [each["value"] for each in Outline(html).all("input") if "checked" in each]
    assert checked == ["A complaint", "Tuesday", "yes"]
    assert [each["value"] for each in Outline(html).all("option") if "selected" in each] == ["3"]
    assert ">\n\nfirst line empty</textarea>" in html  # the first line feed is the browser's


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(names.INTAKE_TASKS, "send_receipt,archive_order")
    monkeypatch.setenv(names.INTAKE_RECORDS_TABLE, "records")


def asked_at(place: str, accept: str = "application/json") -> dict[str, Any]:
    path, _, token = place.partition("?token=")
    return handle(request("GET", f"/{path}", headers={"accept": accept}, queryStringParameters={"token": token}), None)


def done(world: World, task: str, state: str, at: int = 1) -> None:
    ((reference, item),) = world.table.entries().items()
    key = record.key(task, item["event_id"]["S"])
    kept = {"M": {"state": {"S": state}, "at": {"N": str(at)}}}
    world.table.items.setdefault(key, {names.RECORD_KEY: {"S": key}})[f"{record.PREFIX}{at}"] = kept
    assert reference


@pytest.mark.usefixtures("followed")
def test_the_status_page_says_what_each_task_has_done_and_no_answer(world: World) -> None:
    place = post({"email": "canary@example.com", "topic": "A question", "consent": True})["headers"]["location"]
    told = [json.loads(asked_at(place)["body"])]
    stream(world)
    told.append(json.loads(asked_at(place)["body"]))
    done(world, "send_receipt", record.FAILED)
    done(world, "send_receipt", record.DONE, at=2)
    done(world, "archive_order", record.DEAD)
    told.append(json.loads(asked_at(place)["body"]))
    done(world, "archive_order", record.DONE, at=2)
    told.append(json.loads(asked_at(place)["body"]))
    assert [each["status"] for each in told] == ["Received", "Being worked on", "We are looking into it", "All is done"]
    assert told[1]["tasks"] == {"send receipt": "waiting", "archive order": "waiting"}
    assert told[2]["tasks"] == {"send receipt": "done", "archive order": "we are looking into it"}
    html = asked_at(place, BROWSER)["body"]
    assert "Your reference" in html
    assert "canary" not in html + json.dumps(told)
    Outline(html)


def test_of_what_sns_refuses_nobody_is_told_that_it_is_about_to_be_worked_on(
    world: World, figures: list[dict[str, float]]
) -> None:
    place = post()["headers"]["location"]
    world.topic.always, told = "invalid", []
    for _ in range(store.MOST_TRIES):
        told.append(json.loads(asked_at(place)["body"])["status"])
        world.now += SWEPT_AFTER + 1
        sweep()
    told.append(json.loads(asked_at(place)["body"])["status"])
    assert told == ["Received"] * store.MOST_TRIES + ["We are looking into it"]
    assert {names.POISON: 1} in figures


@pytest.mark.usefixtures("followed")
@pytest.mark.parametrize("state", [record.DONE, record.DEAD])
def test_where_a_record_may_have_ended_nobody_is_told_that_it_is_being_worked_on(world: World, state: str) -> None:
    place = post()["headers"]["location"]
    stream(world)
    done(world, "send_receipt", record.DONE)
    done(world, "archive_order", state)
    world.now += status.RECORDS_KEPT - 1
    kept = json.loads(asked_at(place)["body"])
    world.table.items = {key: each for key, each in world.table.items.items() if not key.startswith("archive_order#")}
    before = json.loads(asked_at(place)["body"])
    world.now += 1
    after = json.loads(asked_at(place)["body"])
    assert kept["status"] == ("All is done" if state == record.DONE else "We are looking into it")
    assert before["status"] == "Being worked on"
    assert before["tasks"]["archive order"] == "waiting"
    assert after["status"] == "Passed on"
    assert after["tasks"] == {"send receipt": "done", "archive order": "no longer known"}


@pytest.mark.usefixtures("followed")
def test_what_is_told_for_long_by_its_record_stays_as_it_is(world: World) -> None:
    place = post()["headers"]["location"]
    stream(world)
    done(world, "send_receipt", record.FAILED)
    world.now += status.RECORDS_KEPT
    assert json.loads(asked_at(place)["body"])["status"] == "Being worked on"
    done(world, "send_receipt", record.DONE, at=2)
    done(world, "archive_order", record.DONE)
    assert json.loads(asked_at(place)["body"])["status"] == "All is done"


@pytest.mark.usefixtures("followed")
def test_records_that_dynamodb_does_not_get_to_are_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = post()["headers"]["location"]
    stream(world)
    done(world, "send_receipt", record.DONE)
    done(world, "archive_order", record.DEAD)
    read, most = world.table.batch_get_item, 1

    def busy(RequestItems: Any) -> Any:
        ((table, asked),) = RequestItems.items()
        rest = {table: {"Keys": asked["Keys"][most:]}} if asked["Keys"][most:] else {}
        return {**read({table: {"Keys": asked["Keys"][:most]}}), "UnprocessedKeys": rest}

    monkeypatch.setattr(world.table, "batch_get_item", busy)
    assert json.loads(asked_at(place)["body"])["status"] == "We are looking into it"
    most = 0
    assert asked_at(place)["statusCode"] == 503


def test_a_task_whose_filter_may_keep_it_out_is_told_of_once_it_has_a_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names.INTAKE_TASKS, f"archive_order,send_receipt{status.PERHAPS}")
    monkeypatch.setenv(names.INTAKE_RECORDS_TABLE, "records")
    place = post()["headers"]["location"]
    stream(world)
    done(world, "archive_order", record.DONE)
    told = [json.loads(asked_at(place)["body"])]
    done(world, "send_receipt", record.FAILED)
    told.append(json.loads(asked_at(place)["body"]))
    assert told[0]["status"] == "All is done"
    assert told[0]["tasks"] == {"archive order": "done"}
    assert told[1]["status"] == "Being worked on"
    assert told[1]["tasks"] == {"archive order": "done", "send receipt": "will be tried again"}


def test_without_tasks_to_follow_it_says_that_it_was_passed_on(world: World) -> None:
    place = post()["headers"]["location"]
    stream(world)
    assert json.loads(asked_at(place)["body"])["status"] == "Being worked on"


@pytest.mark.parametrize("token", ["", "x" * 22, "\ud800", None])
def test_nobody_learns_whether_a_reference_exists(world: World, token: str | None) -> None:
    place = post()["headers"]["location"]
    reference = place.partition("?")[0]
    right = place.partition("=")[2]
    answers = [
        asked_at(f"{reference}?token={right[:-1] if token is None else token}"),
        asked_at(f"entries/{'2' * 26}?token={right}"),
    ]
    assert answers[0] == answers[1]
    assert answers[0]["statusCode"] == 404
    assert asked_at(place)["statusCode"] == 200


def test_what_cannot_be_shown_now_does_not_say_that_nothing_was_stored(world: World) -> None:
    place = post()["headers"]["location"]
    world.table.next = ["away"]
    answer = asked_at(place)
    assert answer["statusCode"] == 503
    assert "stored" not in answer["body"]
    assert re.search("try again", answer["body"])
