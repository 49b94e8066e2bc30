"""The signing key, from Secrets Manager."""

import os
import time

from fanout.runtime import client

FRESH_SECONDS = 300
"""After a rotation the old key signs for five minutes at most; until then the receiver accepts both."""

_secrets = client("secretsmanager")
_cached: tuple[float, str] = (float("-inf"), "")


def signing_key() -> str:
    """The current value of the secret WEBHOOK_SECRET_ARN: plain base64. Asked for once in five minutes."""
    global _cached
    read_at, key = _cached
    if time.monotonic() - read_at > FRESH_SECONDS:
        key = _secrets.get_secret_value(SecretId=os.environ["WEBHOOK_SECRET_ARN"])["SecretString"]
        _cached = (time.monotonic(), key)
    return key
