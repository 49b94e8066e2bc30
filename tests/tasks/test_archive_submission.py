"""One object per event, under form and date; the second write changes nothing."""

import json
from collections.abc import Iterator

import pytest
from archive_submission import handler
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.tasks.given import example, form


@pytest.fixture
def s3() -> Iterator[Stubber]:
    with Stubber(handler._s3) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_the_object_is_the_event_as_published_under_form_and_date_in_utc(s3: Stubber) -> None:
    event = {**example(), "id": "e-1", "time": "2026-01-31T23:30:00-02:00"}
    event["data"]["form_id"] = "contact"
    body = json.dumps(event, indent=3)
    s3.add_response(
        "put_object",
        {},
        {
            "Bucket": "archive",
            "Key": "contact/2026/02/01/e-1.json",
            "Body": body.encode(),
            "ContentType": "application/cloudevents+json",
            "IfNoneMatch": "*",
        },
    )
    handler.archive_submission(form(body))


def test_an_event_that_is_there_already_is_done(s3: Stubber) -> None:
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    handler.archive_submission(form(json.dumps(example())))


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "ConditionalRequestConflict"])
def test_any_other_refusal_is_tried_again(s3: Stubber, code: str) -> None:
    s3.add_client_error("put_object", code, http_status_code=409)
    with pytest.raises(ClientError):
        handler.archive_submission(form(json.dumps(example())))
