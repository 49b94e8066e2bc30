"""Standard Webhooks: what a receiver checks, with a library in its own language.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import time


def sign(message_id: str, body: str, key: str, *, now: int | None = None) -> dict[str, str]:
    """The three headers: id, time in whole seconds, and `v1,` + base64 of HMAC-SHA256 over `id.time.body`.

    `key` is base64, as receivers' libraries take it. A retry has the same id and a newer time.
    """
    timestamp = str(int(time.time()) if now is None else now)
    signed = f"{message_id}.{timestamp}.{body}".encode()
    digest = hmac.new(base64.b64decode(key), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
