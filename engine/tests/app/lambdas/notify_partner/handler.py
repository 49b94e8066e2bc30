"""Tells another system about each order: an HTTPS POST that its receiver can verify."""

import os

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from events import OrderPlaced
from fanout.runtime import PermanentError, TransientError, handler_of
from notify_partner.secret import signing_key
from notify_partner.signature import sign

_URL = os.environ["WEBHOOK_URL"]
_TIMEOUT = Timeout(connect=3, read=10)
_TRY_AGAIN = (408, 429)
_http = PoolManager(maxsize=10, timeout=_TIMEOUT, retries=False)


def notify_partner(order: OrderPlaced) -> None:
    """Posts the event as it was published. 2xx is done; 408, 429, 5xx and no answer may pass; the rest is permanent."""
    status = _post(order)
    if 200 <= status < 300:
        return
    if status >= 500 or status in _TRY_AGAIN:
        raise TransientError(f"the webhook answered {status}")
    raise PermanentError(f"the webhook answered {status}")


def _post(order: OrderPlaced) -> int:
    headers = {"Content-Type": "application/cloudevents+json", **sign(order.id, order.body, signing_key())}
    try:
        return _http.request("POST", _URL, body=order.body.encode(), headers=headers, redirect=False).status
    except HTTPError as error:
        raise TransientError(f"the webhook did not answer: {type(error).__name__}") from error


handle = handler_of(notify_partner)
