"""Sends the customer one e-mail that says the order arrived. The answers are not repeated in it."""

import os

from events import OrderPlaced
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


def send_receipt(order: OrderPlaced) -> None:
    """Nothing is sent, and nothing failed, when the order did not ask for an e-mail address."""
    if order.customer.email is None:
        return
    try:
        _ses.send_email(
            FromEmailAddress=_SENDER,
            Destination={"ToAddresses": [order.customer.email]},
            Content={"Simple": {"Subject": _text("We received your order"), "Body": {"Text": _text(_body(order))}}},
        )
    except _PERMANENT as error:
        raise PermanentError(f"SES refused the e-mail: {error.response['Error']['Code']}") from error


def _body(order: OrderPlaced) -> str:
    name = f" {order.customer.name}" if order.customer.name else ""
    return (
        f"Hello{name},\n\n"
        f"thank you: your order arrived on {order.time:%d %B %Y at %H:%M} UTC.\n"
        f"Your reference is {order.order_id}.\n"
    )


def _text(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}


handle = handler_of(send_receipt)
