"""A person and the console: sees, submits and follows; strangers' pages do neither, and what others wrote commands nothing."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fanout.console import stream
from fanout.console.dead import letters
from fanout.console.live import task
from fanout.errors import OpsError
from fanout.ops.aws.line import Line
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.causes import Cause
from fanout.ops.dead_letters.show import Found
from fanout.ops.status.health import Health
from tests.browser.chromium import NEEDED, findings
from tests.browser.console_served import served
from tests.browser.dead_console import Served
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator, keys_with
from tests.unit.console.given import health
from tests.unit.console.test_live import HOSTILE, line
from tests.unit.ops.given import event, message

pytestmark = [NEEDED, pytest.mark.long]
PUBLISH = "PublisherPolicyArn"


def test_a_form_is_submitted_by_keyboard_and_followed_until_every_task_is_done(
    deployed: Deployed, page: Any, tmp_path: Path
) -> None:
    operator = Operator(deployed, tmp_path / "journal", keys_with(deployed, READ, HEAL, PUBLISH))
    console = Served(operator, allow="send").start()
    try:
        page.goto(f"{console.address}/?token={console.token}")
        page.locator(".lane").nth(2).wait_for()
        assert findings(page) == [] and "token" not in page.url
        page.get_by_role("link", name="Submit", exact=True).press("Enter")
        page.get_by_label("order id").press("Control+A")
        page.keyboard.type("no, this is none")
        page.get_by_role("button", name="Publish and follow it").press("Enter")
        page.get_by_role("alert").get_by_role("link").press("Enter")
        page.locator("[name='data.order_id']:focus").wait_for()
        assert findings(page) == []
        page.keyboard.press("Control+A")
        page.keyboard.type("by-hand-1")
        page.get_by_role("button", name="Publish and follow it").press("Enter")
        page.get_by_text("Done everywhere").wait_for(timeout=30_000)
        assert findings(page) == [] and "by-hand-1" not in page.url
        id_ = urlsplit(page.url).path.rpartition("/")[2]
        page.goto(f"{console.address}/")
        page.locator(".outcomes").get_by_role("link", name=id_).nth(2).wait_for()
        page.goto(f"{console.address}/health")
        page.get_by_role("heading", name="Alarms").wait_for()
        assert findings(page) == []
        page.goto(f"{console.address}/find")
        page.locator("#id:focus").wait_for()  # a browser gives it with the first picture, which may be after the load
        page.keyboard.type("by-hand-1")
        page.keyboard.press("Enter")
        page.get_by_text("Done everywhere").wait_for()
    finally:
        console.stop()


class Evil(BaseHTTPRequestHandler):
    """Another site on this machine, which knows the console's address and tries all that a page can."""

    console = ""

    def do_GET(self) -> None:
        body = f"""<!doctype html><title>evil</title><form method="post" action="{self.console}/tasks/task/pause">
        <input name="reason" value="evil"><button>go</button></form><iframe src="{self.console}/"></iframe>""".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test says what was seen."""


def test_a_strangers_page_neither_reads_nor_posts(browser: Any, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, health("task"), allow="pause") as (_, address):
        console = address.partition("/?")[0]
        page.goto(address)
        page.locator(".lane").wait_for()
        evil = ThreadingHTTPServer(("127.0.0.1", 0), type("Evil", (Evil,), {"console": console}))
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        try:
            for host in ("localhost", "127.0.0.1"):  # the second is the same site with another port: the cookie is sent
                page.goto(f"http://{host}:{evil.server_address[1]}/")
                read = "async (url) => { try { return (await fetch(url, {credentials: 'include'})).status } catch { return 'refused' } }"
                assert page.evaluate(read, f"{console}/") == "refused"
                assert all("lane" not in each.content() for each in page.frames)
                page.get_by_role("button", name="go").click()
                page.wait_for_load_state()
                assert "nothing was done" in page.content() or "open the address" in page.content()
        finally:
            evil.shutdown()
            evil.server_close()


def test_html_and_escape_sequences_of_others_are_text(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def hear(dialog: Any) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", hear)
    hostile = f"{HOSTILE}<img src=x onerror=alert(2)>"
    with served(monkeypatch, health("task", problems=[hostile])) as (here, address):
        page.goto(address)
        page.get_by_text("<script>alert(1)</script>").first.wait_for()
        here.console.collector._add("task", line("failed", error_type=hostile, error=hostile))
        page.locator(".outcomes").get_by_text("<img src=x onerror=alert(2)>").wait_for()  # came by an event
        assert page.locator("main img").count() == 0 and said == [] and "\x1b" not in page.content()


def test_a_letter_that_takes_long_to_find_comes_with_all_that_can_be_done_with_it(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()

    def search(stack: Any, id_: str, task: str) -> Found:
        assert found.wait(30)
        (subscriber,) = stack.with_letters(task)
        return Found(subscriber, message(event()), Cause("TransientError", "the webhook answered 503"), [])

    monkeypatch.setattr(letters, "search", search)
    with served(monkeypatch, health("task"), allow="edit") as (_, address):
        page.goto(address)
        page.goto(f"{address.partition('/?')[0]}/dead/letter/task/m1")
        page.get_by_text("Looking for m1").wait_for()
        assert findings(page) == []
        found.set()
        page.get_by_role("textbox", name="Reason").fill("the form is there")
        page.get_by_role("heading", name="A dead letter of task").wait_for()
        assert findings(page) == []


def test_a_look_that_fails_is_said_and_the_page_goes_on(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = threading.Event()

    def looked(subscriber: DeployedSubscriber) -> Health:
        if busy.is_set():
            raise OpsError("AWS answered Throttling")
        return health(subscriber.task, waiting=4)

    monkeypatch.setattr(stream, "AFTER_TROUBLE", 0.1)
    monkeypatch.setattr(task, "health", looked)
    with served(monkeypatch, health("task")) as (_, address):
        page.goto(address)
        page.goto(f"{address.partition('/?')[0]}/tasks/task")
        page.get_by_role("heading", name="task").wait_for()
        busy.set()
        page.get_by_text("AWS answered Throttling").wait_for()
        assert page.locator("#live").inner_text()  # what was seen before stays
        busy.clear()
        page.get_by_text("AWS answered Throttling").wait_for(state="hidden")
        assert findings(page) == []


def test_tabs_that_nobody_sees_leave_room_for_one_more_and_look_again_when_seen(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    see = "(seen) => { Object.defineProperty(document, 'hidden', {value: !seen, configurable: true}); document.dispatchEvent(new Event('visibilitychange')) }"
    with served(monkeypatch, health("task")) as (here, address):
        context = browser.new_context()
        context.set_default_timeout(5_000)
        tabs = []
        for number in range(7):  # one more than the connections that a browser has for one address
            tabs.append(context.new_page())
            tabs[-1].goto(address if number == 0 else address.partition("?")[0])
            tabs[-1].locator(".lane").wait_for()
            if number < 6:
                tabs[-1].evaluate(see, False)
        here.console.collector._add("task", line("failed", error_type="Down", error="it is down"))
        tabs[-1].locator(".outcomes").get_by_text("Down").wait_for()
        assert tabs[0].locator(".outcomes").count() == 0
        tabs[0].evaluate(see, True)
        tabs[0].locator(".outcomes").get_by_text("Down").wait_for()
        context.close()


def test_an_outcome_moves_and_stays_still_for_who_asked_for_that(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, health("task")) as (here, address):
        for motion, dots in (("no-preference", 1), ("reduce", 0)):
            context = browser.new_context(reduced_motion=motion)
            page = context.new_page()
            page.goto(address)
            page.evaluate(
                "most = 0; new MutationObserver(() => { most = Math.max(most, document.querySelectorAll('.dot').length) }).observe(document.body, {subtree: true, childList: true})"
            )
            here.console.collector._add("task", Line("done", f"m-{motion}", 1, line().at, f"e-{motion}"))
            page.locator(".outcomes").get_by_text(f"e-{motion}").wait_for()
            page.wait_for_timeout(100)
            assert page.evaluate("most") == dots
            context.close()


@pytest.mark.parametrize(("count", "width", "scheme"), [(3, 360, "light"), (40, 360, "light"), (40, 1280, "dark")])
def test_three_and_forty_subscribers_fit_a_phone_and_a_screen(
    browser: Any, monkeypatch: pytest.MonkeyPatch, count: int, width: int, scheme: str
) -> None:
    healths = [
        health(f"a_task_with_a_long_name_{number}", dead=number % 3, waiting=number * 1000) for number in range(count)
    ]
    with served(monkeypatch, *healths) as (_, address):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.goto(address)
        page.locator(".lane").nth(count - 1).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert findings(page) == []
        context.close()


def test_it_is_read_without_script(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, health("task", waiting=4)) as (_, address):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(address)
        page.get_by_text("4 waiting").wait_for()
        for name in ("Submit", "Find", "Live"):
            page.get_by_role("link", name=name, exact=True).click()
            page.get_by_role("heading", level=1).wait_for()
        context.close()
