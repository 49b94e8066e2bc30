"""Standard Webhooks, the receiver's half: written from the specification and from nothing of lambdas/.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE_SECONDS = 300


def signature_of(headers: Mapping[str, str], body: bytes, key: str, received_at: float) -> str:
    """`valid`, or what is wrong with it."""
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identity or not timestamp.isdecimal():
        return "unsigned"
    if abs(received_at - int(timestamp)) > TOLERANCE_SECONDS:
        return "too old or too new"
    try:
        secret = base64.b64decode(key, validate=True)
    except binascii.Error:
        return "the key is not base64"
    digest = hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}".encode()
    # More than one, separated by spaces, while keys are rotated.
    given = headers.get("webhook-signature", "").encode().split()
    return "valid" if any(hmac.compare_digest(expected, each) for each in given) else "invalid"
