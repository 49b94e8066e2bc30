"""A failed message comes back at the next step of its schedule, and SQS being away loses nothing."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from fanout.runtime import retry
from fanout.runtime.errors import TransientError
from fanout.runtime.outcome import NotBegun, NotTried, Outcome, OutOfTime
from tests.unit.lambdas.conftest import VARIABLES, Lines
from tests.unit.lambdas.given import record


def failed(number: int, attempt: int, error: TransientError | None = None) -> Outcome:
    message = record("{}", f"{number}", received=attempt)
    return Outcome("failed", message, None, error or TransientError("later"), 1.0)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("sqs", region_name="eu-west-1")
    monkeypatch.setattr(retry, "client", lambda service: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def call(*entries: tuple[int, int]) -> dict[str, Any]:
    """The request that hides message `number` for `seconds`, for each of `entries`."""
    return {
        "QueueUrl": VARIABLES["FANOUT_QUEUE_URL"],
        "Entries": [
            {"Id": str(place), "ReceiptHandle": f"handle of {number}", "VisibilityTimeout": seconds}
            for place, (number, seconds) in enumerate(entries)
        ],
    }


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 30), (2, 120), (3, 0), (7, 0)])
def test_the_delay_follows_the_schedule_and_ends_with_none(attempt: int, seconds: int) -> None:
    assert retry.delay(attempt) == seconds


def test_all_failed_messages_of_a_batch_are_hidden_in_one_call(sqs: Stubber, lines: Lines) -> None:
    sqs.add_response("change_message_visibility_batch", {"Successful": [], "Failed": []}, call((1, 30), (2, 120)))
    retry.postpone([failed(1, 1), failed(2, 2)])
    assert lines() == []


def test_more_than_ten_take_more_calls(sqs: Stubber) -> None:
    answer: dict[str, Any] = {"Successful": [], "Failed": []}
    sqs.add_response("change_message_visibility_batch", answer, call(*((n, 30) for n in range(10))))
    sqs.add_response("change_message_visibility_batch", answer, call((10, 30)))
    retry.postpone([failed(number, 1) for number in range(11)])


def test_nothing_failed_means_no_call(sqs: Stubber) -> None:
    retry.postpone([])


def test_when_sqs_refuses_the_queues_own_visibility_holds(sqs: Stubber, lines: Lines) -> None:
    sqs.add_client_error("change_message_visibility_batch", "AccessDenied")
    retry.postpone([failed(1, 1)])
    sqs.add_response(
        "change_message_visibility_batch",
        {"Successful": [], "Failed": [{"Id": "0", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}]},
    )
    retry.postpone([failed(1, 1)])
    assert [line["refused"] for line in lines()] == [
        ["ChangeMessageVisibilityBatch: AccessDenied"],
        ["ReceiptHandleIsInvalid"],
    ]


def test_jitter_spreads_what_failed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANOUT_RETRY_JITTER", "0.5")
    delays = {retry.delay(2) for _ in range(200)}
    assert len(delays) > 20 and 60 <= min(delays) and max(delays) <= 180


def test_what_waits_for_its_group_waits_no_longer_than_that(sqs: Stubber) -> None:
    sqs.add_response("change_message_visibility_batch", {"Successful": [], "Failed": []}, call((1, 30), (2, 0)))
    retry.postpone([failed(1, 1), failed(2, 1, NotTried())])


@pytest.mark.parametrize("error", [OutOfTime(), NotBegun()], ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(("attempt", "seconds"), [(1, 7), (2, 7), (3, 0)])
def test_what_was_given_up_comes_back_when_its_claim_has_ended(
    error: OutOfTime, attempt: int, seconds: int, sqs: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_delays", lambda: (1, 2))
    sqs.add_response("change_message_visibility_batch", {"Successful": [], "Failed": []}, call((1, seconds)))
    retry.postpone([failed(1, attempt, error)])
