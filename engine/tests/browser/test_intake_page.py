"""A person and a browser: the intake's page is filled in with the keyboard, says what is wrong, and shows what became of it.

Served by the intake's own handler over HTTP; its table and topic are the doubles of tests/unit/intake.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from fanout import names
from fanout.intake import handler
from fanout.runtime import record
from tests.places import NODE_MODULES
from tests.unit.intake.entries import World
from tests.unit.intake.given import put_in_place, request

BROWSERS = (Path("/usr/bin/chromium"), Path("/usr/bin/google-chrome"))
CHROMIUM = next((each for each in BROWSERS if each.exists()), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no /usr/bin/chromium: apt-get install -y --no-install-recommends chromium"
)


class Served(BaseHTTPRequestHandler):
    """What API Gateway's HTTP API does, on loopback."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])).decode())

    def _answer(self, body: str) -> None:
        asked = urlsplit(self.path)
        event = {
            "rawPath": asked.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "queryStringParameters": dict(parse_qsl(asked.query)),
            "requestContext": {"http": {"method": self.command, "path": asked.path, "sourceIp": "127.0.0.1"}},
            "body": body,
            "isBase64Encoded": False,
        }
        answer = handler.handle(event, None)
        content = answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in {**answer["headers"], "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test says what was seen."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return put_in_place(World(), monkeypatch)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Without script: nothing on these pages may need one. axe-core runs beside it, where the browser's own code does."""
    context = browser.new_context()
    made = context.new_page()
    made.set_default_timeout(10_000)
    yield made
    context.close()


def findings(page: Any) -> list[str]:
    """Of axe-core, all its rules."""
    page.evaluate(AXE.read_text("utf-8") + ";0")
    found = page.evaluate("axe.run()")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def test_a_person_is_told_what_is_wrong_mends_it_by_keyboard_and_sees_what_became_of_it(
    page: Any, address: str, world: World
) -> None:
    page.goto(f"{address}/contact")
    assert findings(page) == []
    page.get_by_label("E-mail").fill("kim")
    page.get_by_role("button", name="Send").press("Enter")
    page.get_by_role("heading", name="There is a problem").wait_for()
    assert findings(page) == []
    assert world.table.entries() == {}
    page.get_by_role("link", name="E-mail: enter an address such as name@example.com").press("Enter")
    assert page.evaluate("document.activeElement.id") == "email"
    assert page.get_by_label("E-mail").input_value() == "kim"
    page.keyboard.press("Control+A")
    page.keyboard.type("kim@example.com")
    page.get_by_label("A question").check()
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Send").press("Enter")
    page.get_by_text("Your reference").wait_for()
    assert findings(page) == []
    assert len(world.table.entries()) == 1
    assert "kim@example.com" not in page.content()
    before = page.url
    page.reload()  # sends nothing again
    assert page.url == before and len(world.table.entries()) == 1


def test_a_double_click_is_one_entry(page: Any, address: str, world: World) -> None:
    page.goto(f"{address}/contact")
    page.get_by_label("E-mail").fill("kim@example.com")
    page.get_by_label("A question").check()
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Send").dblclick()
    page.get_by_text("Your reference").wait_for()
    assert len(world.table.entries()) == 1


def test_the_status_page_says_of_each_task_how_far_it_is(
    page: Any, address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(names.INTAKE_TASKS, "send_receipt,archive_order")
    monkeypatch.setenv(names.INTAKE_RECORDS_TABLE, "records")
    answers = {"email": "kim@example.com", "topic": "A question", "consent": True}
    place = json.loads(handler.handle(request(body=json.dumps(answers)), None)["body"])["status"]
    (item,) = world.table.entries().values()
    item.pop("unsent_at")
    key = record.key("send_receipt", item["event_id"]["S"])
    done = {"M": {"state": {"S": record.DONE}, "at": {"N": "1"}}}
    world.table.items[key] = {names.RECORD_KEY: {"S": key}, record.attribute("/shop/contact"): done}
    page.goto(urljoin(f"{address}/contact", place))
    rows = page.get_by_role("row").all_inner_texts()
    assert [each.split("\t") for each in rows] == [["send receipt", "done"], ["archive order", "waiting"]]
    assert findings(page) == []


@pytest.mark.parametrize(("width", "height"), [(320, 640), (1280, 800)])
def test_nothing_is_wider_than_the_screen(browser: Any, address: str, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(f"{address}/contact")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()


def test_it_works_without_script(browser: Any, address: str, world: World) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/contact")
    page.get_by_label("E-mail").fill("kim@example.com")
    page.get_by_label("A complaint").check()
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Your reference").wait_for()
    context.close()
    assert len(world.table.entries()) == 1
