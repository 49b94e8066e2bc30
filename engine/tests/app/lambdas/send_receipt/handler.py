"""Sends the customer one e-mail that says the order arrived. The answers are not repeated in it."""

import os
import re
import unicodedata

from events import OrderPlaced
from fanout.runtime import PermanentError, client, handler_of

_SENDER = os.environ["EMAIL_SENDER"]
_ses = client("sesv2", tries=1)  # each call of it is another mail

_PERMANENT = (
    _ses.exceptions.BadRequestException,
    _ses.exceptions.MailFromDomainNotVerifiedException,
    _ses.exceptions.MessageRejected,
    _ses.exceptions.NotFoundException,
)
"""What SES refuses today it refuses tomorrow: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html"""

_PLAIN_ADDRESS = re.compile(r"[^\s\"(),:;<>@\[\\\]]+@[^\s\"(),:;<>@\[\\\]]+")
"""No display name and no comment beside it, which the mail would show: https://www.rfc-editor.org/rfc/rfc5322#section-3.4"""
_LONGEST_NAME = 60
_LINKED = re.compile(r"[.]\w{2}")
"""What mail programs make a link of: a dot in the middle of a word."""


def send_receipt(order: OrderPlaced) -> None:
    """Nothing is sent, and nothing failed, when the order did not ask for an e-mail address."""
    if order.customer.email is None:
        return
    if not _PLAIN_ADDRESS.fullmatch(order.customer.email):
        raise PermanentError("the address is more than an e-mail address: nothing was sent")
    try:
        _ses.send_email(
            FromEmailAddress=_SENDER,
            Destination={"ToAddresses": [order.customer.email]},
            Content={"Simple": {"Subject": _text("We received your order"), "Body": {"Text": _text(_body(order))}}},
        )
    except _PERMANENT as error:
        raise PermanentError(f"SES refused the e-mail: {error.response['Error']['Code']}") from error


def _body(order: OrderPlaced) -> str:
    return (
        f"Hello{_greeted(order.customer.name)},\n\n"
        f"thank you: your order arrived on {order.time:%d %B %Y at %H:%M} UTC.\n"
        f"Your reference is {order.order_id}.\n"
    )


def _greeted(name: str | None) -> str:
    """With a space before it. Without a name that could be a message: whoever fills in the order chooses whom it reaches."""
    is_name = name is not None and len(name) <= _LONGEST_NAME and not _LINKED.search(name)
    return f" {name}" if name and is_name and all(map(_belongs_to_a_name, name)) else ""


def _belongs_to_a_name(character: str) -> bool:
    return character in " .'’-\u200c\u200d" or unicodedata.category(character)[0] in "LM"


def _text(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}


handle = handler_of(send_receipt)
