"""Files, and answers above SNS's limit: beside the event before the entry is stored, and with the task as if they had been in it."""

import base64
import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from fanout import names
from fanout.errors import ConfigurationError
from fanout.intake import attachments, config, entry, page
from fanout.intake.handler import handle
from fanout.intake.request import MOST_BYTES, MOST_WITH_CLAIMS
from fanout.packaging.intake_zip import configuration
from fanout.runtime.claim_check import restored
from tests.places import APP
from tests.unit.intake.entries import World
from tests.unit.intake.given import CONFIG_WITH_FILES, GIVEN, WITH_FILES, attach, joined, request
from tests.unit.lambdas.conftest import Lines
from tests.unit.ops.aws.attachments import BUCKET, AttachmentsS3

CONFIG = CONFIG_WITH_FILES
BROWSER = {"accept": "text/html", "content-type": page.FIELDS, "origin": "https://forms.example.com"}
APPLICATION = CONFIG.definitions["application"]
CV, PHOTO = APPLICATION.files


@pytest.fixture
def s3(world: World, monkeypatch: pytest.MonkeyPatch) -> AttachmentsS3:
    return attach(monkeypatch)


def post(content: Any, path: str = "/application", key: str | None = None) -> tuple[int, dict[str, Any]]:
    answer = handle(request(path=path, body=json.dumps(content), headers={"idempotency-key": key} if key else {}), None)
    return answer["statusCode"], json.loads(answer["body"])


def send(
    s3: AttachmentsS3, content: str = "a CV", type_: str = "application/pdf", field: str = "cv", name: str = "cv.pdf"
) -> str:
    """As a program does: the id of the file."""
    status, told = post({"field": field, "type": type_}, "/application/files")
    assert status == 201 and told["fields"]["Content-Type"] == type_
    s3.arrives(told["fields"]["key"], content, type_, name)
    return str(told["file"])


def stored(world: World) -> dict[str, Any]:
    (item,) = world.table.entries().values()
    event: dict[str, Any] = json.loads(item["body"]["S"])
    return event


def test_a_large_entry_is_stored_small_and_whole_at_its_task(world: World, s3: AttachmentsS3) -> None:
    letter = "ü" * 300_000
    assert post({"email": "ada@example.com", "cv": send(s3), "letter": letter})[0] == 201
    event = stored(world)
    assert len(json.dumps(event)) < 1_000 and event["data"]["customer"] == {"email": "ada@example.com"}
    assert restored(event)["data"]["items"]["letter"] == letter
    (item,) = world.table.entries().values()
    assert item["attributes"]["M"]["shop_id"] == {"S": "application"}


def test_a_small_one_is_as_ever(world: World, s3: AttachmentsS3) -> None:
    post({"email": "ada@example.com", "cv": send(s3)})
    assert names.CLAIM_CHECK not in stored(world)


def test_where_there_is_no_bucket_a_large_one_is_refused_as_ever(
    world: World, s3: AttachmentsS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = send(s3)
    for length, bucket, status in ((MOST_BYTES, None, 413), (MOST_WITH_CLAIMS, BUCKET, 413), (MOST_BYTES, BUCKET, 201)):
        monkeypatch.setenv(names.ATTACHMENTS_BUCKET, bucket or "")
        assert post({"email": "ada@example.com", "cv": file, "letter": "x" * length})[0] == status


def test_nothing_is_stored_when_the_bucket_does_not_take_it(world: World, s3: AttachmentsS3, lines: Lines) -> None:
    answers = {"email": "ada@example.com", "cv": send(s3), "letter": "canary " * 100_000}

    def broken(operation: str, asked: Any) -> None:
        if operation == "PutObject":
            raise TimeoutError("canary")

    s3.around = broken
    assert post(answers, key="k-1")[0] == 503 and not world.table.items
    s3.around = lambda operation, asked: None
    assert post(answers, key="k-1")[0] == 201
    assert "canary" not in json.dumps([*lines()])


def test_an_event_names_its_file_where_it_stays(world: World, s3: AttachmentsS3) -> None:
    assert post({"email": "ada@example.com", "cv": send(s3, name="C:\\mine\\cv.pdf")})[0] == 201
    event = stored(world)
    reference = event["data"]["order_id"]
    told = event["data"]["items"]["cv"]
    assert told == {
        "bucket": BUCKET,
        "key": f"files/{reference}/cv",
        "version": told["version"],
        "type": "application/pdf",
        "size": 4,
        "name": "cv.pdf",
        "sha256": told["sha256"],
    }
    assert s3.get_object(Bucket=BUCKET, Key=told["key"], VersionId=told["version"])["Body"].read() == b"a CV"


@pytest.mark.parametrize(
    ("content", "type_", "field"),
    [("x" * 1_001, "application/pdf", "cv"), ("a CV", "text/html", "cv"), ("", "application/pdf", "cv")],
)
def test_what_the_field_does_not_allow_counts_as_not_sent(
    content: str, type_: str, field: str, world: World, s3: AttachmentsS3
) -> None:
    """The policy refuses it before; whoever found a way around it gets no further."""
    file = "f" * 22
    s3.arrives(f"uploads/application/{field}/{file}", content, type_)
    status, told = post({"email": "ada@example.com", field: file})
    assert (status, [each["pointer"] for each in told["errors"]]) == (422, ["#/cv"])
    assert "send the file again" in told["errors"][0]["detail"] and not world.table.items


@pytest.mark.parametrize("file", ["", "x" * 22, "../../claims/secret-of-another", 7, None, ["f" * 22]])
def test_a_file_that_is_not_there_is_an_error_of_its_field(file: Any, world: World, s3: AttachmentsS3) -> None:
    status, told = post({"email": "ada@example.com", "cv": file})
    assert (status, [each["pointer"] for each in told["errors"]]) == (422, ["#/cv"])


def test_anothers_field_is_no_place_for_a_file(world: World, s3: AttachmentsS3) -> None:
    photo = send(s3, type_="image/png", field="photo")
    assert post({"email": "ada@example.com", "cv": photo})[0] == 422


def test_the_same_key_is_the_same_entry_and_copies_no_file_again(world: World, s3: AttachmentsS3) -> None:
    answers = {"email": "ada@example.com", "cv": send(s3)}
    first, again = post(answers, key="k-1"), post(answers, key="k-1")
    assert (first[0], again[0]) == (201, 200) and first[1] == again[1]
    assert s3.calls["CopyObject"] == 1
    assert post({**answers, "cv": send(s3)}, key="k-1")[0] == 409
    assert s3.calls["CopyObject"] == 1


def test_the_same_key_is_the_same_entry_when_what_was_sent_for_it_is_gone(world: World, s3: AttachmentsS3) -> None:
    answers = {"email": "ada@example.com", "cv": send(s3)}
    first = post(answers, key="k-1")
    for key in [each for each in s3.objects if each.startswith("uploads/")]:  # a day later, as the bucket's rule has it
        del s3.objects[key]
    assert first[0] == 201 and post(answers, key="k-1") == (200, first[1])
    assert post({**answers, "email": "kim@example.com"}, key="k-1")[0] == 409
    assert post(answers, key="k-2")[0] == 422 and len(world.table.entries()) == 1


@pytest.fixture
def no_file_needed(s3: AttachmentsS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = json.loads((WITH_FILES / "application.schema.json").read_text()) | {"required": ["email"]}
    (tmp_path / "application.schema.json").write_text(json.dumps(schema))
    made = config.read(configuration(APP, tmp_path, **GIVEN, with_files=True))
    monkeypatch.setattr(config, "load", lambda: made)


@pytest.mark.usefixtures("no_file_needed")
@pytest.mark.parametrize("files", [0, 1])
def test_the_same_key_leaves_no_answers_that_no_entry_names(files: int, world: World, s3: AttachmentsS3) -> None:
    answers = {"email": "ada@example.com", "letter": "x" * 300_000, **({"cv": send(s3)} if files else {})}
    first, again = post(answers, key="k-1"), post(answers, key="k-1")
    assert (first[0], again[0]) == (201, 200) and first[1] == again[1]
    assert post({**answers, "letter": "y" * 300_000}, key="k-1")[0] == 409
    assert (s3.calls["PutObject"], s3.calls["CopyObject"]) == (1, files)
    kept = {each.key.split("/")[1] for each in s3.kept if not each.key.startswith("uploads/")}
    assert kept == {first[1]["reference"]}


@pytest.mark.usefixtures("no_file_needed")
def test_a_small_entry_is_not_looked_up_before_it_is_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.table, "get_item", None)
    answers = {"email": "ada@example.com"}
    assert [post(answers, key="k-1")[0], post(answers, key="k-1")[0]] == [201, 200]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "say the field, one of cv, photo"),
        ({"field": "email", "type": "text/plain"}, "say the field"),
        ({"field": "cv", "type": "text/html"}, "cv takes application/pdf"),
        ({"field": "cv", "type": ["application/pdf"]}, "cv takes application/pdf"),
        ({"field": "cv", "type": "application/pdf", "key": "claims/x"}, "say the field"),
    ],
)
def test_an_upload_is_offered_for_what_a_field_takes_alone(
    asked: Any, why: str, world: World, s3: AttachmentsS3
) -> None:
    status, told = post(asked, "/application/files")
    assert status == 422 and why in told["title"]


def test_an_upload_is_bounded_by_its_policy(world: World, s3: AttachmentsS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """By S3's real signer: the Region is in the address, and the signature is one that a customer key accepts."""
    monkeypatch.undo()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIANOBODY",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-south-2",
        names.ATTACHMENTS_BUCKET: BUCKET,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    attachments._signer.cache_clear()
    try:
        made = attachments.upload(
            APPLICATION, CV, "f" * 22, type_="application/pdf", then="https://forms.example.com/application?sent=k"
        )
    finally:
        attachments._signer.cache_clear()
    assert made.url == f"https://{BUCKET}.s3.eu-south-2.amazonaws.com/"
    assert made.fields["key"] == f"uploads/application/cv/{'f' * 22}"
    assert made.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    conditions = json.loads(base64.b64decode(made.fields["policy"]))["conditions"]
    assert ["content-length-range", 1, 1000] in conditions and {"Content-Type": "application/pdf"} in conditions
    assert {"key": made.fields["key"]} in conditions and {"bucket": BUCKET} in conditions


class TestThePage:
    def shown(self, query: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
        answer = handle(request("GET", "/application", headers=BROWSER, queryStringParameters=query or {}), None)
        assert answer["statusCode"] == 200
        return answer["body"], answer["headers"]

    def hidden(self, html: str) -> dict[str, str]:
        return {
            unescape(name): unescape(value)
            for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', html)
        }

    def test_begins_with_the_files_each_to_be_sent_by_itself(self, world: World, s3: AttachmentsS3) -> None:
        html, headers = self.shown()
        assert html.count(f'action="https://{BUCKET}.s3.example.com/"') == 2
        assert f"form-action 'self' https://{BUCKET}.s3.example.com;" in headers["content-security-policy"]
        assert "PDF, at most 1 kB." in html and '<option value="image/jpeg">JPEG</option>' in html
        key = self.hidden(html)[page.SENT]
        assert f"https://forms.example.com/application?sent={key}" in html

    def test_knows_its_file_again_when_s3_leads_the_browser_back(self, world: World, s3: AttachmentsS3) -> None:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html: bucket, key and etag are added."""
        form = self.hidden(self.shown()[0].partition("</section>")[0])
        s3.arrives(form["key"], "a CV", "application/pdf", "cv.pdf")
        added = urlencode({"bucket": BUCKET, "key": form["key"], "etag": '"x"'})
        html, _ = self.shown(joined(urlsplit(f"{form['success_action_redirect']}&{added}").query))
        assert "cv.pdf</strong> is there" in html
        questions, _ = self.shown({page.SENT: self.hidden(html)[page.SENT], "step": "answers"})
        assert 'name="cv"' in questions

    def test_says_what_is_there_and_carries_it_to_the_questions(self, world: World, s3: AttachmentsS3) -> None:
        key = self.hidden(self.shown()[0])[page.SENT]
        s3.arrives(f"uploads/application/cv/{key}", "a CV", "application/pdf", "<b>cv</b>.pdf")
        html, _ = self.shown({page.SENT: key})
        assert "b&gt;.pdf</strong> is there (0.1 kB)" in html and "<b>" not in html
        questions, headers = self.shown({page.SENT: key, "step": "answers"})
        assert "form-action 'self';" in headers["content-security-policy"]
        fields = self.hidden(questions)
        assert fields == {"cv": key, page.KEY: fields[page.KEY]} and fields[page.KEY].startswith(f"{key}.")
        body = urlencode({**fields, "email": "ada@example.com", page.TRAP: ""})
        answer = handle(request(path="/application", headers=BROWSER, body=body), None)
        assert answer["statusCode"] == 303, answer["body"]
        assert stored(world)["data"]["items"]["cv"]["name"] == "b>.pdf"

    def test_is_another_entry_once_another_file_was_sent_and_the_same_for_a_double_click(
        self, world: World, s3: AttachmentsS3
    ) -> None:
        key = self.hidden(self.shown()[0])[page.SENT]
        for content in ("the wrong file", "the right one"):
            s3.arrives(f"uploads/application/cv/{key}", content, "application/pdf", "cv.pdf")
            fields = self.hidden(self.shown({page.SENT: key, "step": "answers"})[0])
            body = urlencode({**fields, "email": "ada@example.com"})
            once, twice = (handle(request(path="/application", headers=BROWSER, body=body), None) for _ in range(2))
            assert once["statusCode"] == 303 and once["headers"]["location"] == twice["headers"]["location"]
        kept = {each.body for each in s3.kept if each.key.startswith("files/")}
        assert len(world.table.entries()) == 2 and kept == {b"the wrong file", b"the right one"}

    def test_leads_back_to_a_file_that_is_missing(self, world: World, s3: AttachmentsS3) -> None:
        key = self.hidden(self.shown()[0])[page.SENT]
        asked = self.hidden(self.shown({page.SENT: key, "step": "answers"})[0])
        body = urlencode({**asked, "email": "ada@example.com"})
        answer = handle(request(path="/application", headers=BROWSER, body=body), None)
        assert answer["statusCode"] == 422
        assert '<a href="#cv">Your CV: this is needed</a>' in answer["body"]
        assert f'id="cv" href="?sent={key}"' in answer["body"]

    @pytest.mark.parametrize("key", ["", "short", "x" * 65, "../claims", "k" * 21 + '"'])
    def test_takes_no_key_that_it_did_not_give(self, key: str, world: World, s3: AttachmentsS3) -> None:
        html, _ = self.shown({page.SENT: key})
        assert self.hidden(html)[page.SENT] != key and not s3.calls["HeadObject"]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("=?UTF-8?B?w5xiZXIucGRm?=", "Über.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\nb\x00.pdf", "ab.pdf"),
        ("=?unknown?B?xx?=", "=?unknown?B?xx?="),
        ("x" * 500, "x" * 200),
        ("", ""),
    ],
)
def test_a_name_is_a_line_for_people_and_no_path(told: str, name: str, s3: AttachmentsS3, world: World) -> None:
    s3.arrives("uploads/application/cv/" + "f" * 22, "a CV", "application/pdf", told)
    found = attachments.sent(APPLICATION, CV, "f" * 22)
    assert found and found.name == name


def test_a_synth_refuses_files_that_have_no_place() -> None:
    with pytest.raises(ConfigurationError, match="cv asks for a file: give the intake attachments="):
        configuration(APP, WITH_FILES, **GIVEN)


@pytest.mark.parametrize(
    "file",
    [
        {},
        {"types": [], "maxBytes": 5},
        {"types": ["pdf"], "maxBytes": 5},
        {"types": ["application/pdf"], "maxBytes": 0},
        {"types": ["application/pdf"], "maxBytes": True},
        {"types": ["application/pdf"], "maxBytes": 5, "more": 1},
        "application/pdf",
    ],
)
def test_a_synth_refuses_what_is_no_description_of_a_file(file: Any, tmp_path: Path) -> None:
    schema = json.loads((WITH_FILES / "application.schema.json").read_text())
    schema["properties"]["cv"]["x-fanout-file"] = file
    (tmp_path / "application.schema.json").write_text(json.dumps(schema))
    with pytest.raises(ConfigurationError, match="cv: x-fanout-file is not"):
        configuration(APP, tmp_path, **GIVEN, with_files=True)


def test_a_file_is_no_text(tmp_path: Path) -> None:
    schema = json.loads((WITH_FILES / "application.schema.json").read_text())
    schema["properties"]["cv"] |= {"maxLength": 5, "x-fanout-goes-to": "customer.email"}
    (tmp_path / "application.schema.json").write_text(json.dumps(schema))
    with pytest.raises(ConfigurationError, match=r"maxLength says nothing of a file(.|\n)*goes-to says nothing"):
        configuration(APP, tmp_path, **GIVEN, with_files=True)


def test_a_claim_is_of_the_answers_alone() -> None:
    made = entry.make(APPLICATION, {"email": "ada@example.com", "letter": "x" * 300_000}, CONFIG, bucket=BUCKET)
    assert made.claim and made.claim.pointer == "items" and "x" * 100 not in repr(made)
    with pytest.raises(entry.TooLarge):
        entry.make(APPLICATION, {"email": "ada@example.com", "letter": "x" * 300_000}, CONFIG)
