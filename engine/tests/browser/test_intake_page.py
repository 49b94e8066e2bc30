"""A person and a browser: the intake's page is filled in with the keyboard, says what is wrong, and shows what became of it.

Served by the intake's own handler over HTTP; its table and topic are the doubles of tests/unit/intake.
"""

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from fanout import names
from fanout.intake import handler
from fanout.runtime import record
from tests.browser.chromium import NEEDED, findings
from tests.unit.intake.entries import World
from tests.unit.intake.given import attach, joined, put_in_place, request
from tests.unit.ops.aws.attachments import AttachmentsS3

pytestmark = NEEDED
BUCKET_PATH = "/bucket"


class Served(BaseHTTPRequestHandler):
    """What API Gateway's HTTP API does, on loopback."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("")

    bucket: AttachmentsS3 | None = None

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        if self.bucket and self.path == BUCKET_PATH:
            self._arrives(self.bucket, sent)
        else:
            self._answer(sent.decode())

    def _arrives(self, bucket: AttachmentsS3, sent: bytes) -> None:
        """As S3 takes a file: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html"""
        told = message_from_bytes(f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode() + sent)
        parts: dict[Any, Any] = {
            each.get_param("name", header="content-disposition"): each
            for each in told.walk()
            if not each.is_multipart()
        }
        assert [*parts][-1] == "file"
        fields = {name: each.get_payload() for name, each in parts.items() if name != "file"}
        name = fields["x-amz-meta-name"].replace("${filename}", parts["file"].get_filename())
        content = parts["file"].get_payload(decode=True).decode()
        bucket.arrives(fields["key"], content, fields["Content-Type"], name)
        self.send_response(303)
        added = urlencode({"bucket": "attachments", "key": fields["key"], "etag": '"x"'})
        self.send_header("location", f"{fields['success_action_redirect']}&{added}")
        self.send_header("content-length", "0")
        self.end_headers()

    def _answer(self, body: str) -> None:
        asked = urlsplit(self.path)
        event = {
            "rawPath": asked.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "queryStringParameters": joined(asked.query),
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
    page.locator("#email:focus").wait_for()
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


@pytest.mark.parametrize("script", [True, False])
def test_files_are_sent_first_and_come_with_the_answers(
    script: bool, browser: Any, address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = attach(monkeypatch)
    bucket.address = f"{address}{BUCKET_PATH}"
    monkeypatch.setattr(Served, "bucket", bucket)
    monkeypatch.setenv(names.INTAKE_ADDRESS, address)
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{address}/application")
    for field, kind, file in (("Your CV", None, "my cv.pdf"), ("A photo", "image/png", "me.png")):
        if kind:
            page.get_by_label(f"{field}: its kind").select_option(kind)
        page.get_by_label(f"{field}: the file").set_input_files({"name": file, "mimeType": "x/y", "buffer": b"content"})
        page.get_by_role("button", name=f"Send {field}").press("Enter")
        page.get_by_text(f"{file} is there").wait_for()
        assert not script or findings(page) == []
    page.get_by_role("button", name="Go on to the questions").press("Enter")
    page.get_by_role("button", name="Send").press("Enter")
    page.get_by_role("heading", name="There is a problem").wait_for()
    assert not script or findings(page) == []
    page.get_by_label("Email").fill("kim@example.com")
    page.get_by_role("button", name="Send").press("Enter")
    page.get_by_text("Your reference").wait_for()
    context.close()
    (item,) = world.table.entries().values()
    told = json.loads(item["body"]["S"])["data"]["items"]
    assert (told["cv"]["name"], told["cv"]["size"], told["photo"]["type"]) == ("my cv.pdf", 7, "image/png")
