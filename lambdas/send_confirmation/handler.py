"""Sends the submitter one e-mail that says the form arrived. The answers are not repeated in it."""

import os

from events import FormSubmitted
from fanout.runtime import PermanentError, client, handler_of

_SENDER = os.environ["EMAIL_SENDER"]
_ses = client("sesv2")

_PERMANENT = (
    _ses.exceptions.BadRequestException,
    _ses.exceptions.MailFromDomainNotVerifiedException,
    _ses.exceptions.MessageRejected,
    _ses.exceptions.NotFoundException,
)
"""What SES refuses today it refuses tomorrow: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html"""


def send_confirmation(form: FormSubmitted) -> None:
    """Nothing is sent, and nothing failed, when the form did not ask for an e-mail address."""
    if form.submitter.email is None:
        return
    try:
        _ses.send_email(
            FromEmailAddress=_SENDER,
            Destination={"ToAddresses": [form.submitter.email]},
            Content={"Simple": {"Subject": _text("We received your form"), "Body": {"Text": _text(_body(form))}}},
        )
    except _PERMANENT as error:
        raise PermanentError(f"SES refused the e-mail: {error.response['Error']['Code']}") from error


def _body(form: FormSubmitted) -> str:
    name = f" {form.submitter.name}" if form.submitter.name else ""
    return (
        f"Hello{name},\n\n"
        f"thank you: your form arrived on {form.time:%d %B %Y at %H:%M} UTC.\n"
        f"Your reference is {form.submission_id}.\n"
    )


def _text(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}


handle = handler_of(send_confirmation)
