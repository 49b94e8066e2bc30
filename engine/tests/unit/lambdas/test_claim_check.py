"""An event above SNS's limit comes to its task whole; and what its claim check may be, and is not, has one line."""

import hashlib
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import OrderPlaced
from fanout import names
from fanout.contracts.contract import load
from fanout.publisher import InvalidEvent, checked_event
from fanout.runtime import attached, aws
from fanout.runtime.attempt import event_in
from fanout.runtime.claim_check import MOST_BYTES, restored
from fanout.runtime.errors import ContractViolation, PermanentError
from fanout.runtime.event import Event, parse
from fanout.testing import run
from tests.places import APP
from tests.unit.lambdas.conftest import Lines
from tests.unit.lambdas.given import Context, example, handler, record
from tests.unit.ops.aws.attachments import BUCKET, AttachmentsS3

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEY = f"claims/contact-0001/{'0' * 64}.json"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> AttachmentsS3:
    made = AttachmentsS3()
    monkeypatch.setattr(aws, "client", lambda service: {"s3": made}[service])
    monkeypatch.setenv(names.ATTACHMENTS_BUCKET, BUCKET)
    return made


def claimed(s3: AttachmentsS3, items: Any, content: str | None = None) -> dict[str, Any]:
    """The event without its items, which stand in the bucket."""
    text = json.dumps(items, ensure_ascii=False) if content is None else content
    key = f"claims/contact-0001/{hashlib.sha256(text.encode()).hexdigest()}.json"
    s3.put(key, text)
    event = example()
    del event["data"]["items"]
    return {**event, names.CLAIM_CHECK: f"s3://{BUCKET}/{key}#/data/items"}


def test_a_task_gets_the_event_as_if_it_had_been_small(s3: AttachmentsS3) -> None:
    event = claimed(s3, {"17": 3, "letter": "x" * 1_000_000})
    seen: list[OrderPlaced] = []
    assert handler(seen.append)({"Records": [record(json.dumps(event))]}, Context()) == {"batchItemFailures": []}
    assert seen[0].items == {"17": 3, "letter": "x" * 1_000_000}
    assert seen[0].body == json.dumps(event) and names.CLAIM_CHECK not in seen[0].raw


@given(items=st.dictionaries(st.text(), JSON))
def test_whatever_was_claimed_is_restored(items: Any) -> None:
    s3 = AttachmentsS3()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(aws, "client", lambda service: s3)
        patched.setenv(names.ATTACHMENTS_BUCKET, BUCKET)
        event = claimed(s3, items)
        before = json.dumps(event)
        assert restored(event) == {**example(), "data": {**example()["data"], "items": items}}
        assert json.dumps(event) == before


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (None, "must be s3://"),
        (f"s3://{BUCKET}/{KEY}#/items", "must be s3://"),
        (f"s3://{BUCKET}/claims/../{'0' * 64}.json#/data/items", "must be s3://"),
        (f"https://{BUCKET}/{KEY}#/data/items", "must be s3://"),
        (f"s3://somebody-elses/{KEY}#/data/items", "a bucket that this task was not given"),
        (f"s3://{BUCKET}/{KEY}#/data/items", "is gone from the bucket"),
    ],
)
def test_what_is_no_claim_check_is_said_without_repeating_it(s3: AttachmentsS3, told: Any, why: str) -> None:
    with pytest.raises(PermanentError, match=why) as refused:
        restored({**claimed(s3, {}), names.CLAIM_CHECK: told})
    assert "contact-0001" not in str(refused.value)


def test_what_is_there_must_be_what_was_stored(s3: AttachmentsS3) -> None:
    event = claimed(s3, {"17": 3})
    s3.put(event[names.CLAIM_CHECK].removeprefix(f"s3://{BUCKET}/").partition("#")[0], '{"17": 4}')
    with pytest.raises(ContractViolation, match="is not what was stored"):
        restored(event)


@pytest.mark.parametrize("content", ["canary", "{", '{"a": NaN}', '{"a": 1, "a": 2}', ""])
def test_what_is_no_json_is_refused_without_a_piece_of_it(s3: AttachmentsS3, content: str) -> None:
    with pytest.raises(ContractViolation) as refused:
        restored(claimed(s3, None, content))
    assert "canary" not in str(refused.value)


def test_neither_two_of_one_part_nor_one_in_nothing(s3: AttachmentsS3) -> None:
    event = claimed(s3, {"17": 3})
    for data, why in (({"items": {}}, "must be absent"), ("x", "must be object")):
        with pytest.raises(ContractViolation, match=why):
            restored({**event, "data": data})
    deeper = event[names.CLAIM_CHECK].replace("#/data/items", "#/data/customer/address/street")
    with pytest.raises(ContractViolation, match="must be object"):
        restored({**event, names.CLAIM_CHECK: deeper})


def test_more_than_a_function_can_hold_is_not_read(s3: AttachmentsS3) -> None:
    event = claimed(s3, "x" * MOST_BYTES)
    with pytest.raises(PermanentError, match=f"more than {MOST_BYTES} bytes"):
        restored(event)


def test_a_bucket_that_is_busy_costs_an_attempt_and_not_the_event(s3: AttachmentsS3, lines: Lines) -> None:
    event = claimed(s3, {"17": 3})

    def busy(operation: str, asked: Any) -> None:
        raise TimeoutError("canary")

    s3.around = busy
    seen: list[OrderPlaced] = []
    answer = handler(seen.append)({"Records": [record(json.dumps(event))]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]} and not seen
    (told,) = [each for each in lines() if "outcome" in each]
    assert (told["error_type"], told["event_id"]) == ("TimeoutError", event["id"])
    assert told["order_id"] == event["data"]["order_id"] and "canary" not in json.dumps(lines())


def test_one_whose_time_was_over_is_named_in_the_log(s3: AttachmentsS3, lines: Lines) -> None:
    event = claimed(s3, {"17": 3})
    handler(lambda event: None)({"Records": [record(json.dumps(event))]}, Context(remaining_ms=0))
    (told,) = [each for each in lines() if "outcome" in each]
    assert (told["outcome"], told["event_id"], told["shop_id"]) == ("failed", event["id"], event["data"]["shop_id"])


def test_a_zip_without_it_says_what_to_do(s3: AttachmentsS3, monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    monkeypatch.setitem(sys.modules, "fanout.runtime.claim_check", None)
    outcome = run(handler(lambda event: None), claimed(s3, {"17": 3}))
    assert (outcome.kind, outcome.error_type) == ("dead", "ContractViolation")
    assert "say attachments= of its topic" in outcome.error


def test_without_a_way_to_restore_it_the_event_is_refused_and_never_taken_for_an_empty_one(s3: AttachmentsS3) -> None:
    body = json.dumps(claimed(s3, {"17": 3}))
    with pytest.raises(ContractViolation, match="must contain"):
        parse(body, OrderPlaced)


def test_a_message_that_is_not_worked_on_is_named_by_its_ids_alone(s3: AttachmentsS3) -> None:
    event = claimed(s3, {"17": 3})
    found = event_in(record(json.dumps(event)), (OrderPlaced,))
    assert isinstance(found, OrderPlaced) and not s3.calls
    assert (found.id, found.ids()) == (event["id"], {name: event["data"][name] for name in ("shop_id", "order_id")})


@pytest.mark.parametrize("wrong", ["canary@example.com", 5, None, {}])
def test_what_does_not_look_like_an_id_names_nothing(s3: AttachmentsS3, wrong: Any) -> None:
    event = claimed(s3, {"17": 3})
    for name in ("shop_id", "order_id"):
        found = event_in(record(json.dumps({**event, "data": {**event["data"], name: wrong}})), (OrderPlaced,))
        assert isinstance(found, Event) and (found.id, found.ids(), found.GROUP) == (event["id"], {}, "")
    assert event_in(record(json.dumps({**event, "id": wrong})), (OrderPlaced,)) is None
    assert event_in(record(json.dumps([event])), (OrderPlaced,)) is None


def test_who_sends_it_again_checks_all_but_what_is_not_in_it(s3: AttachmentsS3) -> None:
    contracts = load(APP / "contracts")
    event = claimed(s3, {"17": 3})
    assert checked_event(event, contracts=contracts).reference == example()["data"]["order_id"]
    both = {**event, "data": {**event["data"], "items": {}}}
    for wrong, why in (
        (both, "must not be there"),
        ({**event, names.CLAIM_CHECK: "s3://somewhere"}, "must be s3://"),
        ({**event, "data": {"items": {}}}, "must contain"),
        ({name: value for name, value in event.items() if name != names.CLAIM_CHECK}, "items"),
    ):
        with pytest.raises(InvalidEvent, match=why):
            checked_event(wrong, contracts=contracts)


class TestAFile:
    def answer(self, s3: AttachmentsS3, **changes: Any) -> dict[str, Any]:
        s3.arrives("files/r1/cv", "a CV", "application/pdf")
        return {
            "bucket": BUCKET,
            "key": "files/r1/cv",
            "version": s3.kept[0].id,
            "type": "application/pdf",
            "size": 4,
            "name": "cv.pdf",
        } | changes

    def test_is_read_as_it_was_when_the_entry_was_stored(
        self, s3: AttachmentsS3, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fanout.runtime.files.client", lambda service: s3)
        file = attached(self.answer(s3))
        s3.put("files/r1/cv", "another")
        assert (file.read(), file.type, file.size, file.name) == (b"a CV", "application/pdf", 4, "cv.pdf")
        assert "cv.pdf" not in repr(file)

    def test_that_is_gone_is_a_dead_letter_and_not_a_retry(
        self, s3: AttachmentsS3, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fanout.runtime.files.client", lambda service: s3)
        with pytest.raises(PermanentError, match="gone"):
            attached(self.answer(s3, version="another")).read()

    @pytest.mark.parametrize(
        "wrong", [{"key": "claims/r1/cv"}, {"key": 5}, {"size": True}, {"version": ""}, {"bucket": "another"}]
    )
    def test_is_nothing_else(self, s3: AttachmentsS3, wrong: dict[str, Any]) -> None:
        with pytest.raises(PermanentError):
            attached(self.answer(s3, **wrong))

    @pytest.mark.parametrize("wrong", [None, "", "canary", [], {}])
    def test_nor_an_answer_of_another_kind(self, s3: AttachmentsS3, wrong: Any) -> None:
        with pytest.raises(PermanentError, match="is none"):
            attached(wrong)
