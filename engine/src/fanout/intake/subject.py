"""Whose entries are whose: an index that holds a keyed hash of what a person is known by, and never that itself.

    pk            subject#<hash>#<month>: HMAC-SHA256 of, say, an e-mail address under a secret, and the month of the entries;
                  with #2 to #10 behind it once the items before are full
    references    of the entries that they sent in it
    expires_at    ten years later, as nothing is kept longer

Without the secret nobody can try addresses; with another one nobody is found any more: it is never rotated.
"""

import hashlib
import hmac
import os
import unicodedata
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from fanout import names
from fanout.runtime.aws import client

PREFIX: Final = "subject#"
MOST_PARTS: Final = 10
"""Of a month: an item has room for about 15,700 references."""
MONTHS: Final = 121
"""Ten years and the one that has begun."""
SECONDS: Final = 3_660 * 86_400


def hashed(secret: str, value: str) -> str:
    """The same for what people take for the same: capitals, spaces around it, and forms of one character do not count."""
    plain = unicodedata.normalize("NFKC", value).strip().casefold()
    return hmac.new(secret.encode(), plain.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def key(hash_: str, at: datetime) -> str:
    return f"{PREFIX}{hash_}#{at:%Y-%m}"


def keys(hash_: str, now: datetime) -> list[str]:
    """Of all parts that can be there, of each the newest month first."""
    last = now.year * 12 + now.month - 1
    months = [f"{PREFIX}{hash_}#{each // 12:04}-{each % 12 + 1:02}" for each in range(last, last - MONTHS, -1)]
    return [part(each, number) for number in range(1, MOST_PARTS + 1) for each in months]


def part(month: str, number: int) -> str:
    """Of a month's key: the first part is that itself."""
    return month if number == 1 else f"{month}#{number}"


def key_of(value: str, now: float) -> str:
    """As the intake's functions make it: where nobody is indexed they have no secret, and do not ask."""
    return key(hashed(_secret(os.environ[names.INTAKE_SUBJECT_SECRET]), value), datetime.fromtimestamp(now, UTC))


def update(pk: str, reference: str, now: float) -> dict[str, Any]:
    """For the transaction that stores an entry."""
    return {
        "Key": {"pk": {"S": pk}},
        "UpdateExpression": "SET expires_at = :end ADD #references :reference",
        "ExpressionAttributeNames": {"#references": "references"},
        "ExpressionAttributeValues": {
            ":end": {"N": str(int(now) + SECONDS)},
            ":reference": {"SS": [reference]},
        },
    }


@cache
def _secret(arn: str) -> str:
    return str(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
