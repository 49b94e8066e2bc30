"""One e-mail to the submitter, without the answers; what SES refuses for good is permanent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from send_confirmation import handler

from fanout.runtime.errors import PermanentError
from tests.tasks.given import example, form


@pytest.fixture
def ses() -> Iterator[Stubber]:
    with Stubber(handler._ses) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_the_submitter_gets_one_email_that_repeats_no_answer(ses: Stubber) -> None:
    sent: list[dict[str, Any]] = []
    handler._ses.meta.events.register_last(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params)
    )
    event = example()
    ses.add_response(
        "send_email",
        {"MessageId": "m"},
        {
            "FromEmailAddress": "forms@example.com",
            "Destination": {"ToAddresses": [event["data"]["submitter"]["email"]]},
            "Content": ANY,
        },
    )
    handler.send_confirmation(form(json.dumps(event)))
    text = json.dumps(sent)
    assert event["data"]["submission_id"] in text
    assert not [answer for answer in event["data"]["answers"].values() if str(answer) in text]


def test_without_an_address_nothing_is_sent_and_nothing_failed(ses: Stubber) -> None:
    event = example()
    del event["data"]["submitter"]
    handler.send_confirmation(form(json.dumps(event)))


@pytest.mark.parametrize("code", ["BadRequestException", "MessageRejected", "MailFromDomainNotVerifiedException"])
def test_what_ses_refuses_for_good_is_permanent(ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, "pat@example.com is not verified")
    with pytest.raises(PermanentError) as raised:
        handler.send_confirmation(form(json.dumps(example())))
    assert str(raised.value) == f"SES refused the e-mail: {code}"


@pytest.mark.parametrize("code", ["TooManyRequestsException", "SendingPausedException", "ServiceUnavailable"])
def test_what_may_pass_is_left_to_the_retry_schedule(ses: Stubber, code: str) -> None:
    ses.add_client_error("send_email", code, http_status_code=400)
    with pytest.raises(ClientError):
        handler.send_confirmation(form(json.dumps(example())))
