"""Tells another system about each submission: an HTTPS POST that its receiver can verify."""

import os

from urllib3 import PoolManager, Timeout

from notify_webhook.secret import signing_key
from notify_webhook.signature import sign
from shared.batch import each_message
from shared.errors import PermanentError
from shared.event import FormSubmitted

_URL = os.environ["WEBHOOK_URL"]
_TIMEOUT = Timeout(connect=3, read=10)
_TRY_AGAIN = (408, 429)
_http = PoolManager(maxsize=10, timeout=_TIMEOUT, retries=False)


class WebhookUnavailable(Exception):
    """The receiver may do better later: it did not answer in time, or said so itself."""


def notify_webhook(form: FormSubmitted) -> None:
    """Posts the event as it was published. 2xx is done; 408, 429 and 5xx may pass; any other answer is permanent."""
    response = _http.request(
        "POST",
        _URL,
        body=form.body.encode(),
        headers={"Content-Type": "application/cloudevents+json", **sign(form.id, form.body, signing_key())},
        redirect=False,
    )
    if 200 <= response.status < 300:
        return
    if response.status >= 500 or response.status in _TRY_AGAIN:
        raise WebhookUnavailable(response.status)
    raise PermanentError(f"the webhook answered {response.status}")


handle = each_message(notify_webhook)
