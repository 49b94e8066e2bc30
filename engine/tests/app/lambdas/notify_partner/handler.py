"""Tells another system about each order: an HTTPS POST that its receiver can verify."""

import os

from urllib3.exceptions import HTTPError

from events import OrderPlaced
from fanout.runtime import PermanentError, TransientError, handler_of
from notify_partner.bounded import bounded_pool
from notify_partner.secret import key_after, signing_key
from notify_partner.signature import sign

_URL = os.environ["WEBHOOK_URL"]
_TRY_AGAIN = (408, 429)
_REFUSES_THE_SIGNATURE = (401, 403)
_http = bounded_pool(connect=3, total=10)
"""Two requests, the second after a refused signature, end well before the function's 30 seconds."""


def notify_partner(order: OrderPlaced) -> None:
    """Posts the event as it was published. 2xx is done; 1xx, 408, 429, 5xx and no answer may pass; the rest is permanent.

    What refuses the signature is asked once more where the key was rotated meanwhile.
    """
    key = signing_key()
    status = _post(order, key)
    if status in _REFUSES_THE_SIGNATURE and (newer := key_after(key)) != key:
        status = _post(order, newer)
    if 200 <= status < 300:
        return
    if not 200 <= status < 500 or status in _TRY_AGAIN:
        raise TransientError(f"the webhook answered {status}")
    raise PermanentError(f"the webhook answered {status}")


def _post(order: OrderPlaced, key: str) -> int:
    """The status; what else the receiver says is not read, as it may be without end."""
    if not _URL.startswith("https://"):
        raise TransientError("the webhook's URL is not https: mend it, and the events come back")
    headers = {"Connection": "close", "Content-Type": "application/cloudevents+json", **sign(order.id, order.body, key)}
    try:
        answer = _http.request(
            "POST", _URL, body=order.body.encode(), headers=headers, redirect=False, preload_content=False
        )
    except HTTPError as error:
        raise TransientError(f"the webhook did not answer: {type(error).__name__}") from error
    answer.close()
    return answer.status


handle = handler_of(notify_partner)
