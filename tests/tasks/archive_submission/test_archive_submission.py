"""One object per event, under its day, form and event id; the second write changes nothing."""

import json
import re
from typing import Any

import pytest
from botocore.stub import Stubber

from fanout.testing import example, run


class Key:
    """Equals a key that its pattern matches."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __eq__(self, key: object) -> bool:
        return re.fullmatch(self.pattern, str(key)) is not None


def test_the_object_is_the_event_as_published_under_its_day_form_and_event_id(handler: Any, s3: Stubber) -> None:
    event = {**example("contact_form"), "id": "e-1"}
    event["data"]["form_id"] = "contact"
    body = json.dumps(event, indent=3)
    s3.add_response(
        "put_object",
        {},
        {
            "Bucket": "archive",
            "Key": Key(r"events-by-day/\d{4}/\d\d/\d\d/contact/e-1/[0-9a-f]{32}\.json"),
            "Body": body.encode(),
            "ContentType": "application/cloudevents+json",
            "IfNoneMatch": "*",
        },
    )
    assert run(handler.handle, body).kind == "done"


def test_an_event_that_is_there_already_is_done(handler: Any, s3: Stubber) -> None:
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    assert run(handler.handle, example("contact_form")).kind == "done"


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "ConditionalRequestConflict"])
def test_any_other_refusal_is_tried_again(handler: Any, s3: Stubber, code: str) -> None:
    s3.add_client_error("put_object", code, http_status_code=409)
    outcome = run(handler.handle, example("contact_form"))
    assert (outcome.kind, outcome.error) == ("failed", f"PutObject: {code}")
