"""Nothing is dropped silently between the publishing service and SNS. No network: requests are answered inside botocore."""

import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from fanout.publisher import Event, EventPublisher, InvalidTopicArn, PublishError, PublishResult
from fanout.publisher.client import ATTEMPTS
from fanout.publisher.deduplication import deduplication_id
from fanout.publisher.event import MAX_BYTES
from tests.published import order_placed

NO_CREDENTIALS = NoCredentialsError()
ARN = "arn:aws:sns:eu-west-1:111122223333:OrderPlaced"
SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
Request = dict[str, str]
Answer = Callable[[Request], tuple[int, str]]


class FakeSns:
    """Answers at the place of the network, below botocore's own retries; keeps what was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        sent = dict(parse_qsl(request.body.decode() if isinstance(request.body, bytes) else request.body))
        self.requests.append(sent)
        answer = self.answers.pop(0) if self.answers else ok
        status, body = answer(sent)
        response = AWSResponse(request.url, status, {"content-type": "text/xml"}, None)  # type: ignore[arg-type]
        response._content = body.encode()  # type: ignore[attr-defined]
        return response

    def batches(self) -> list[list[str]]:
        return [[json.loads(request[key])["id"] for key in entry_keys(request)] for request in self.requests]


class Taker:
    """A client that takes everything, and keeps nothing."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in PublishBatchRequestEntries]}


def entry_keys(request: Request) -> list[str]:
    return [key for key in request if key.startswith("PublishBatch") and key.endswith(".Message")]


def ok(request: Request) -> tuple[int, str]:
    if request["Action"] == "Publish":
        return 200, "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"
    return partly({})(request)


def partly(failed: dict[str, tuple[str, bool]], lost: tuple[str, ...] = ()) -> Answer:
    """A batch answer in which the entries `failed` (id: code, sender's fault) fail and `lost` are not named."""

    def answer(request: Request) -> tuple[int, str]:
        members = {"Successful": "", "Failed": ""}
        for key in entry_keys(request):
            id_ = request[key.removesuffix("Message") + "Id"]
            event_id = json.loads(request[key])["id"]
            if event_id in failed:
                code, fault = failed[event_id]
                text = f"<Code>{code}</Code><SenderFault>{str(fault).lower()}</SenderFault><Message>a reason</Message>"
                members["Failed"] += f"<member><Id>{id_}</Id>{text}</member>"
            elif event_id not in lost:
                members["Successful"] += f"<member><Id>{id_}</Id><MessageId>m-{event_id}</MessageId></member>"
        result = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
        return 200, f"<PublishBatchResponse><PublishBatchResult>{result}</PublishBatchResult></PublishBatchResponse>"

    return answer


def refuses(code: str, status: int = 403) -> Answer:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>a reason</Message></Error>"
    return lambda request: (status, f"<ErrorResponse>{error}</ErrorResponse>")


def says(status: int, body: str) -> Answer:
    return lambda request: (status, body)


NONE_OF_SNS = {
    "a page": says(502, "<!DOCTYPE html><html><head><meta charset=utf-8><title>Bad gateway</title>"),
    "a line": says(503, "upstream connect error or disconnect/reset before headers"),
    "a page that is XML": says(200, "<html><body>Sign in to this network</body></html>"),
    "cut short": says(200, "<PublishResponse><PublishResult><MessageId>m-"),
    "nothing": says(200, ""),
}
"""Answers of whoever stands between the publisher and SNS."""


def raises(error: Exception) -> Answer:
    def answer(request: Request) -> tuple[int, str]:
        raise error

    return answer


def forms_with(fake: FakeSns, arn: str = ARN) -> EventPublisher:
    orders = EventPublisher(arn, session=SESSION)
    answer: Any = fake
    orders._client.meta.events.register("before-send.sns", answer)
    return orders


def event(number: int, size: int = 0) -> Event:
    def build(padding: int) -> Event:
        return order_placed(shop_id="contact", order_id=str(number), items={"a": "x" * padding}, event_id=f"e{number}")

    return build(max(0, size - build(0).size))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)  # botocore's retries wait with it too
    return waits


def test_publish_sends_body_and_attributes_and_returns_both_ids() -> None:
    fake = FakeSns()
    order = order_placed(shop_id="contact", order_id="1", items={}, attributes={"team": "sales"})
    receipt = forms_with(fake).publish(order)
    assert (receipt.event_id, receipt.message_id) == (order.id, "m-1")
    [sent] = fake.requests
    assert (sent["TopicArn"], sent["Message"]) == (ARN, order.body)
    names = {
        sent[f"MessageAttributes.entry.{n}.Name"]: sent[f"MessageAttributes.entry.{n}.Value.StringValue"]
        for n in (1, 2, 3)
    }
    assert names == {"type": "order.placed.v1", "shop_id": "contact", "team": "sales"}
    assert "MessageGroupId" not in sent


def test_a_fifo_topic_orders_by_form_and_deduplicates_by_event() -> None:
    fake = FakeSns()
    orders = forms_with(fake, f"{ARN}.fifo")
    orders.publish(event(1))
    orders.publish_many([event(1), event(2)])
    one, many = fake.requests
    assert one["MessageGroupId"] == "contact" and re.fullmatch("[0-9a-f]{64}", one["MessageDeduplicationId"])
    prefix = "PublishBatchRequestEntries.member."
    assert many[f"{prefix}1.MessageGroupId"] == "contact"
    assert many[f"{prefix}1.MessageDeduplicationId"] == one["MessageDeduplicationId"]
    assert many[f"{prefix}2.MessageDeduplicationId"] != one["MessageDeduplicationId"]


def test_what_sns_drops_as_a_duplicate_is_the_same_event_by_source_id_and_content() -> None:
    body = json.loads(event(1).body)
    same = deduplication_id(json.dumps(body))
    turned = dict(reversed([*body.items()]))
    for copy in (
        {**turned, "data": dict(reversed([*body["data"].items()]))},
        {**body, "time": "2027-01-01T00:00:00Z", "x": "y"},
    ):
        assert deduplication_id(json.dumps(copy, indent=1)) == same
    for other in (
        {"source": "/other"},
        {"id": "e2"},
        {"type": "order.placed.v2"},
        {"data": {**body["data"], "order_id": "o"}},
    ):
        assert deduplication_id(json.dumps({**body, **other})) != same


def test_the_region_is_the_arns_and_the_client_is_made_once() -> None:
    orders = EventPublisher("arn:aws-cn:sns:cn-north-1:111122223333:OrderPlaced", session=SESSION)
    assert orders._client.meta.region_name == "cn-north-1"
    given = SESSION.client("sns", region_name="eu-west-1")
    assert EventPublisher(ARN, client=given)._client is given
    with pytest.raises(InvalidTopicArn, match="make the client with region_name='eu-west-1'"):
        EventPublisher(ARN, client=SESSION.client("sns", region_name="us-east-1"))


@pytest.mark.parametrize(
    "arn", [None, "", "OrderPlaced", "arn:aws:sqs:eu-west-1:111122223333:Q", f"{ARN}:0a-1b", f"{ARN}\n"]
)
def test_what_is_no_topic_arn_is_refused_in_one_line(arn: Any) -> None:
    with pytest.raises(InvalidTopicArn) as caught:
        EventPublisher(arn)
    assert str(caught.value).startswith(f"not the ARN of an SNS topic: {arn!r}; expected arn:aws:sns:")


def test_publishing_makes_no_client_and_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(what: type, name: str) -> None:
        real = getattr(what, name)

        def noted(*args: Any, **more: Any) -> Any:
            made.append(name)
            return real(*args, **more)

        monkeypatch.setattr(what, name, noted)

    counted(botocore.session.Session, "create_client")
    counted(botocore.session.Session, "__init__")
    counted(boto3.Session, "__init__")
    orders = forms_with(FakeSns())
    assert made == ["create_client"], "one client, from the session that was there"
    for number in range(3):
        orders.publish(event(number))
        orders.publish_many(event(each) for each in range(25))
    assert made == ["create_client"]


def test_a_request_is_encoded_once_and_arrives_as_it_was_meant() -> None:
    fake = FakeSns()
    orders = forms_with(fake)
    order = order_placed(shop_id="contact", order_id="1", items={"a": "50 % + more & = Zoë\n"})
    bodies: list[Any] = []
    keep: Any = lambda request, **_: bodies.append(request.data)  # noqa: E731
    orders._client.meta.events.register("request-created.sns", keep)
    orders.publish(order)
    assert fake.requests[0]["Message"] == order.body
    assert [type(each) for each in bodies] == [str], "a dict would be encoded to be signed, and again to be sent"


def test_a_generator_of_any_length_takes_the_same_memory() -> None:
    def peak(count: int) -> int:
        orders = EventPublisher(ARN, client=Taker())  # type: ignore[arg-type]
        tracemalloc.reset_peak()
        began = tracemalloc.get_traced_memory()[0]
        assert orders.publish_many(event(number, size=1_000) for number in range(count)).published == count
        return tracemalloc.get_traced_memory()[1] - began

    tracemalloc.start()
    try:
        peak(50)
        few, many = peak(50), peak(400)
    finally:
        tracemalloc.stop()
    assert many < few + 50_000, "400 events are 400 kB and more"


def test_batches_hold_ten_events_at_most() -> None:
    fake = FakeSns()
    result = forms_with(fake).publish_many(event(n) for n in range(23))
    assert (result.published, result.failed) == (23, ())
    assert [len(batch) for batch in fake.batches()] == [10, 10, 3]
    assert sum(fake.batches(), []) == [f"e{n}" for n in range(23)]


@pytest.mark.parametrize(
    ("size", "expected"), [(MAX_BYTES // 2, [2, 1]), (MAX_BYTES // 2 + 1, [1, 1, 1]), (MAX_BYTES, [1, 1, 1])]
)
def test_batches_hold_262144_bytes_at_most(size: int, expected: list[int]) -> None:
    fake = FakeSns()
    forms_with(fake).publish_many(event(n, size) for n in range(3))
    assert [len(batch) for batch in fake.batches()] == expected


def test_no_events_no_request() -> None:
    fake = FakeSns()
    assert forms_with(fake).publish_many([]).published == 0 and fake.requests == []


def test_a_generator_is_read_as_batches_are_sent() -> None:
    fake = FakeSns()
    ahead = []

    def events() -> Iterator[Event]:
        for n in range(100):
            ahead.append(n - 10 * len(fake.requests))
            yield event(n)

    assert forms_with(fake).publish_many(events()).published == 100
    assert max(ahead) <= 10


def test_what_was_read_is_published_when_the_generator_raises() -> None:
    fake = FakeSns(partly({"e1": ("InvalidParameter", True)}))

    def events() -> Iterator[Event]:
        yield from (event(n) for n in range(4))
        raise LookupError("row 5")

    with pytest.raises(LookupError) as caught:
        forms_with(fake).publish_many(events())
    assert fake.batches() == [["e0", "e1", "e2", "e3"]]
    assert caught.value.__notes__ == ["before this: 3 events published, 1 not"]


def test_failed_entries_alone_are_sent_again_under_the_same_id(no_waiting: list[float]) -> None:
    busy = {"e1": ("InternalError", False), "e3": ("ThrottledException", True)}
    fake = FakeSns(partly(busy, lost=("e4",)), partly({"e3": ("InternalError", False)}))
    result = forms_with(fake).publish_many(event(n) for n in range(5))
    assert (result.published, result.failed) == (5, ())
    assert fake.batches() == [["e0", "e1", "e2", "e3", "e4"], ["e1", "e3", "e4"], ["e3"]]
    assert len(no_waiting) == 2 and 0 <= min(no_waiting) and max(no_waiting) <= 0.4


def test_an_event_that_sns_calls_wrong_is_reported_at_once() -> None:
    fake = FakeSns(partly({"e1": ("InvalidParameter", True)}))
    result = forms_with(fake).publish_many(event(n) for n in range(3))
    assert (result.published, len(fake.requests)) == (2, 1)
    assert [(each.event_id, each.reason) for each in result.failed] == [("e1", "InvalidParameter: a reason")]


def test_retries_end_and_are_reported_and_the_others_go_on() -> None:
    stuck = partly({"e1": ("InternalError", False)})
    fake = FakeSns(*[stuck] * ATTEMPTS)
    result = forms_with(fake).publish_many(event(n) for n in range(15))
    assert result.published == 14
    assert [(each.event_id, each.reason) for each in result.failed] == [("e1", "InternalError: a reason")]
    assert [len(batch) for batch in fake.batches()] == [10, 1, 1, 1, 1, 5]


def test_a_refused_request_stops_reading_and_says_what_became_of_what_was_read() -> None:
    fake = FakeSns(ok, partly({"e11": ("InternalError", False)}), refuses("AuthorizationError"))
    unread = iter([event(n) for n in range(40)])
    with pytest.raises(PublishError) as caught:
        forms_with(fake).publish_many(unread)
    result = caught.value.result
    assert result is not None and result.published == 19
    assert [each.event_id for each in result.failed] == ["e11"] and len(list(unread)) == 20
    assert result.failed[0].reason == str(caught.value)


@pytest.mark.parametrize(
    "trouble",
    [
        refuses("Throttled", 429),
        refuses("KMSThrottling", 400),
        refuses("Throttling", 400),
        refuses("ServiceUnavailable", 503),
        raises(ReadTimeoutError(endpoint_url="")),
        *NONE_OF_SNS.values(),
    ],
)
def test_a_single_event_is_sent_again_under_the_same_id(trouble: Answer) -> None:
    """A time-out after SNS accepted looks the same: the event is published twice, which its id tells."""
    fake = FakeSns(trouble, ok)
    assert forms_with(fake).publish(event(1)).message_id == "m-1"
    assert [json.loads(request["Message"])["id"] for request in fake.requests] == ["e1", "e1"]


@pytest.mark.parametrize(
    ("answer", "sentence", "retryable"),
    [
        (refuses("AuthorizationError"), f"this role may not publish to {ARN} (AuthorizationError): attach the", False),
        (refuses("NotFound", 404), f"no topic {ARN}: check the ARN", False),
        (refuses("KMSAccessDenied", 400), f"the topic's key does not let this role publish to {ARN}", False),
        (refuses("ExpiredToken"), f"AWS does not accept the credentials used for {ARN} (ExpiredToken): renew", False),
        (refuses("InvalidParameter", 400), f"SNS refused a publish to {ARN} (InvalidParameter)", False),
        (refuses("Throttled", 429), f"SNS is busy and did not accept a publish to {ARN} (Throttled)", True),
        (refuses("InternalError", 500), "SNS is busy", True),
        (
            raises(ReadTimeoutError(endpoint_url="https://sns")),
            f"no answer from SNS for {ARN}: check the network",
            True,
        ),
        (raises(EndpointConnectionError(endpoint_url="https://sns")), f"no answer from SNS for {ARN}", True),
        *((each, f"no answer from SNS for {ARN}: check the network", True) for each in NONE_OF_SNS.values()),
        (raises(NO_CREDENTIALS), f"no usable AWS credentials to publish to {ARN}", False),
    ],
)
def test_an_error_of_aws_is_one_sentence_with_its_cause(answer: Answer, sentence: str, retryable: bool) -> None:
    for many in (False, True):
        orders = forms_with(FakeSns(*[answer] * ATTEMPTS))
        with pytest.raises(PublishError) as caught:
            orders.publish_many([event(1)]) if many else orders.publish(event(1))
        assert str(caught.value).startswith(sentence) and "\n" not in str(caught.value)
        assert caught.value.retryable is retryable and caught.value.__cause__ is not None


def test_an_unknown_profile_is_said_when_the_service_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(PublishError, match="no usable AWS credentials"):
        EventPublisher(ARN)


def test_only_checked_events_are_published() -> None:
    anything: Any = {"id": "e1"}
    with pytest.raises(TypeError, match=r"publish takes what new\(\) or checked\(\) returns, not a dict"):
        forms_with(FakeSns()).publish(anything)


@pytest.mark.parametrize("stop", [SystemExit, KeyboardInterrupt, GeneratorExit, LookupError])
def test_whatever_ends_the_reading_what_was_read_is_published_and_counted(stop: type[BaseException]) -> None:
    fake = FakeSns(ok, partly({"e12": ("InvalidParameter", True)}))

    def outbox() -> Iterator[Event]:
        yield from (event(n) for n in range(17))
        raise stop

    with pytest.raises(stop) as caught:
        forms_with(fake).publish_many(outbox())
    result: PublishResult = caught.value.result  # type: ignore[attr-defined]
    assert [len(each) for each in fake.batches()] == [10, 7] and result.published == 16
    assert [each.event_id for each in result.failed] == ["e12"]
    assert caught.value.__notes__ == ["before this: 16 events published, 1 not"]


@pytest.mark.parametrize("stop", [SystemExit, KeyboardInterrupt, GeneratorExit, LookupError])
def test_whatever_ends_the_reading_is_raised_although_sns_refuses_what_was_read(stop: type[BaseException]) -> None:
    def outbox() -> Iterator[Event]:
        yield from (event(n) for n in range(12))
        raise stop from ValueError("its own cause")

    with pytest.raises(stop) as caught:
        forms_with(FakeSns(ok, refuses("AuthorizationError"))).publish_many(outbox())
    result: PublishResult = caught.value.result  # type: ignore[attr-defined]
    assert result.published == 10 and [each.event_id for each in result.failed] == ["e10", "e11"]
    assert "may not publish" in result.failed[0].reason
    assert caught.value.__notes__ == ["before this: 10 events published, 2 not"]
    assert isinstance(caught.value.__cause__, ValueError) and isinstance(caught.value.__context__, PublishError)


@pytest.mark.parametrize("stop", [SystemExit, KeyboardInterrupt])
def test_a_signal_while_sns_is_asked_names_what_nobody_knows_of(stop: type[BaseException]) -> None:
    def interrupted(request: Request) -> tuple[int, str]:
        raise stop

    fake = FakeSns(ok, partly({"e11": ("InternalError", False)}), interrupted)
    with pytest.raises(stop) as caught:
        forms_with(fake).publish_many(event(n) for n in range(15))
    result: PublishResult = caught.value.result  # type: ignore[attr-defined]
    assert result.published == 14 and [each.event_id for each in result.failed] == ["e11"]
    assert "publish the same event again" in result.failed[0].reason


def test_the_same_event_given_twice_is_counted_twice() -> None:
    class Forgets(Taker):
        """The first request's answer names one of two copies."""

        requests = 0

        def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:
            self.requests += 1
            taken = PublishBatchRequestEntries[: 1 if self.requests == 1 else None]
            return {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in taken]}

    twice = event(1)
    result = EventPublisher(ARN, client=Forgets()).publish_many([twice, twice])  # type: ignore[arg-type]
    assert (result.published, result.failed) == (2, ())


@pytest.mark.parametrize("wrong", [{"id": "e1"}, "e1", None, 5], ids=repr)
def test_what_is_no_event_is_named_by_its_place_and_the_events_before_it_are_published(wrong: Any) -> None:
    fake = FakeSns()
    said = f"event 3 of those given: publish takes what new() or checked() returns, not a {type(wrong).__name__}"
    with pytest.raises(TypeError) as caught:
        forms_with(fake).publish_many([event(1), event(2), wrong, event(4)])
    assert str(caught.value) == said and fake.batches() == [["e1", "e2"]]
    assert caught.value.result.published == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answer",
    [
        {"Failed": [{}]},
        {"Failed": [{"Id": "0"}]},
        {"Failed": [{"Id": "0", "SenderFault": True}]},
        {"Failed": [{"Code": "InternalError"}]},
        {"Successful": None, "Failed": None},
    ],
    ids=repr,
)
def test_an_answer_of_any_shape_is_a_failure_where_it_names_no_success(answer: dict[str, Any]) -> None:
    class Odd(Taker):
        def publish_batch(self, **_: Any) -> dict[str, Any]:
            return answer

    result = EventPublisher(ARN, client=Odd()).publish_many([event(1)])  # type: ignore[arg-type]
    assert result.published == 0 and [each.event_id for each in result.failed] == ["e1"]


NO_ID = says(200, "<PublishResponse><PublishResult></PublishResult></PublishResponse>")


def test_an_answer_without_a_message_id_is_no_yes_and_the_event_is_sent_again() -> None:
    fake = FakeSns(NO_ID, ok)
    assert forms_with(fake).publish(event(1)).message_id == "m-1"
    with pytest.raises(PublishError, match="no answer from SNS") as caught:
        forms_with(FakeSns(*[NO_ID] * ATTEMPTS)).publish(event(1))
    assert caught.value.retryable and len(fake.requests) == 2
