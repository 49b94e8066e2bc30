"""One e-mail to the submitter, without the answers; what SES refuses for good is permanent."""

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from fanout.testing import example, run


def test_the_submitter_gets_one_email_that_repeats_no_answer(handler: Any, ses: Stubber) -> None:
    sent: list[dict[str, Any]] = []
    events = handler._ses.meta.events
    events.register_last("provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params))
    event = example("contact_form")
    ses.add_response(
        "send_email",
        {"MessageId": "m"},
        {
            "FromEmailAddress": "forms@example.com",
            "Destination": {"ToAddresses": [event["data"]["submitter"]["email"]]},
            "Content": ANY,
        },
    )
    assert run(handler.handle, event).kind == "done"
    text = json.dumps(sent)
    assert event["data"]["submission_id"] in text
    assert not [answer for answer in event["data"]["answers"].values() if str(answer) in text]


def test_without_an_address_nothing_is_sent_and_nothing_failed(handler: Any, ses: Stubber) -> None:
    event = example("contact_form")
    del event["data"]["submitter"]
    assert run(handler.handle, event).kind == "done"


@pytest.mark.parametrize("code", ["BadRequestException", "MessageRejected", "MailFromDomainNotVerifiedException"])
def test_what_ses_refuses_for_good_is_permanent(handler: Any, ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, "pat@example.com is not verified")
    outcome = run(handler.handle, example("contact_form"))
    assert (outcome.kind, outcome.error) == ("dead", f"SES refused the e-mail: {code}")


@pytest.mark.parametrize("code", ["TooManyRequestsException", "SendingPausedException", "ServiceUnavailable"])
def test_what_may_pass_is_left_to_the_retry_schedule(handler: Any, ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, http_status_code=400)
    assert run(handler.handle, example("contact_form")).kind == "failed"
