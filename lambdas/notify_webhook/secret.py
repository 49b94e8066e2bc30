"""The signing key, from Secrets Manager."""

import base64
import os
import time

from fanout.runtime import TransientError, client

FRESH_SECONDS = 300
"""After a rotation the old key signs for five minutes at most; until then the receiver accepts both."""

_secrets = client("secretsmanager")
_cached: tuple[float, str] = (float("-inf"), "")


def signing_key() -> str:
    """The current value of the secret WEBHOOK_SECRET_ARN: base64, also with `whsec_` in front. Asked for once in five minutes.

    By the wall clock: the monotonic one stands still while Lambda freezes the container, for hours where events are rare.
    A clock that was set back makes no old key young.
    """
    read_at, key = _cached
    return key if 0 <= time.time() - read_at <= FRESH_SECONDS else _read()


def key_after(refused: str) -> str:
    """The key to use when a receiver refused `refused`: what another event's refusal brought already, or what it is now."""
    _, key = _cached
    return key if key != refused else _read()


def _read() -> str:
    global _cached
    now = time.time()
    value: str = _secrets.get_secret_value(SecretId=os.environ["WEBHOOK_SECRET_ARN"])["SecretString"]
    key = value.strip().removeprefix("whsec_")
    try:
        base64.b64decode(key, validate=True)
    except ValueError:
        raise TransientError("the secret of the webhook is no base64 key: mend it, and the events come back") from None
    _cached = (now, key)
    return key
