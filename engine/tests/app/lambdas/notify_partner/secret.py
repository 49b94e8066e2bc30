"""The signing key, from Secrets Manager."""

import os
import time

from fanout.runtime import client

FRESH_SECONDS = 300
"""After a rotation the old key signs for five minutes at most; until then the receiver accepts both."""

_secrets = client("secretsmanager")
_cached: tuple[float, str] = (float("-inf"), "")


def signing_key() -> str:
    """The current value of the secret WEBHOOK_SECRET_ARN: plain base64. Asked for once in five minutes.

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
    key: str = _secrets.get_secret_value(SecretId=os.environ["WEBHOOK_SECRET_ARN"])["SecretString"]
    _cached = (now, key)
    return key
