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


def mail(handler: Any, ses: Stubber, name: str) -> str:
    """The text of the mail to somebody of this name."""
    sent: list[dict[str, Any]] = []
    events = handler._ses.meta.events
    events.register_last("provide-client-params.sesv2.SendEmail", lambda params, **_: sent.append(params))
    ses.add_response("send_email", {"MessageId": "m"})
    event = example("contact_form")
    event["data"]["submitter"]["name"] = name
    assert run(handler.handle, event).kind == "done"
    text: str = sent[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
    return text


@pytest.mark.parametrize(
    "name", ["Pat Example", "Zoë Beispiel 例子", "J. R. R. Tolkien", "O’Brien", "Anne-Marie d'Arc", "प्रिया", "x" * 60]
)
def test_somebody_is_greeted_by_name(handler: Any, ses: Stubber, name: str) -> None:
    assert mail(handler, ses, name).startswith(f"Hello {name},\n")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 61,
        "winner!\n\nYou won. Claim at https://evil.example/pay",
        "Pat\r\nBcc: all@example.com",
        "Go to evil.example now",
        "www.evil.example",
        "evil.example",
        "evil．example",
        "hxxp://evil",
        "mail me@evil",
        "Call 0900 123456",
        "Pat\u2028Example",
        "Pat\u202eelpmaxE",
        "Pat\x00",
        "<a href=x>Pat</a>",
    ],
)
def test_a_name_that_could_be_a_message_is_left_out(handler: Any, ses: Stubber, name: str) -> None:
    """Whoever fills in a form chooses both the name and whom it reaches."""
    text = mail(handler, ses, name)
    assert text.startswith("Hello,\n\nthank you") and len(text) < 300 and "evil" not in text


@pytest.mark.parametrize(
    "address",
    [
        '"You-won:evil.example"<pat@example.com>',
        "You-won<pat@example.com>",
        "pat@example.com(evil.example)",
        "a,b@example.com",
    ],
)
def test_an_address_that_says_more_than_whom_it_reaches_gets_nothing(handler: Any, ses: Stubber, address: str) -> None:
    event = example("contact_form")
    event["data"]["submitter"]["email"] = address
    outcome = run(handler.handle, event)
    assert (outcome.kind, outcome.error) == ("dead", "the address is more than an e-mail address: nothing was sent")


def test_a_late_answer_of_ses_is_no_second_mail(handler: Any) -> None:
    """Each SendEmail is a mail: what the SDK would ask again by itself, the queue brings back, and that is counted."""
    assert handler._ses.meta.config.retries["total_max_attempts"] == 1
