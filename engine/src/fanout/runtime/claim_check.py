"""An event above SNS's limit, whose largest part stands beside it in S3: put back before a task, or its contract, sees it.

    "claimcheck": "s3://<bucket>/claims/<reference>/<SHA-256 of the content, in hex>.json#/data/answers"

The message has everything but what the pointer names, so filters, logs and records work as ever, and whoever does not know
the attribute refuses the event in place of taking it for an empty one. The object holds the part's JSON.
https://www.enterpriseintegrationpatterns.com/patterns/messaging/StoreInLibrary.html
"""

import hashlib
import os
import re
from collections.abc import Sequence
from typing import Any, Final

from fanout import names
from fanout.runtime.errors import ContractViolation, PermanentError
from fanout.runtime.event import Event, envelope, json_value

MOST_BYTES: Final = 10_000_000
"""Of the part: more than an intake takes, and less than a function's memory."""
CLAIM: Final = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
    rf"/(?P<key>{names.CLAIMS_PREFIX}/[A-Za-z0-9][A-Za-z0-9._:-]{{0,255}}/(?P<hash>[0-9a-f]{{64}})[.]json)"
    r"#/(?P<path>data(/[A-Za-z_][A-Za-z0-9_]{0,63}){1,8})"
)
_ID: Final = re.compile("([A-Za-z0-9][A-Za-z0-9._:-]{0,127})?")

NONE: Final = f"event.{names.CLAIM_CHECK} must be s3://<bucket>/claims/<reference>/<hash>.json#/data/..."


def restored(event: dict[str, Any]) -> dict[str, Any]:
    """`event` with its part in its place, and without the claim check.

    Raises ContractViolation and PermanentError, and what S3 says: a refused right or a busy bucket may pass.
    """
    told = event[names.CLAIM_CHECK]
    claim = CLAIM.fullmatch(told) if isinstance(told, str) else None
    if claim is None:
        raise ContractViolation(NONE)
    if claim["bucket"] != os.environ.get(names.ATTACHMENTS_BUCKET):
        raise ContractViolation(
            f"event.{names.CLAIM_CHECK} names a bucket that this task was not given: say attachments= of its topic"
        )
    content = _read(claim["bucket"], claim["key"])
    if hashlib.sha256(content).hexdigest() != claim["hash"]:
        raise ContractViolation(f"what event.{names.CLAIM_CHECK} names is not what was stored")
    return _with(event, claim["path"].split("/"), content)


def by_ids(body: str, classes: Sequence[Any]) -> Event | None:
    """An event without its part: what names it, as no contract has judged the rest; None where it has no claim check.

    Group and reference stand at the top of its data and look like ids, or neither is told; no field of its own is set.
    Raises ContractViolation.
    """
    event = json_value(body)
    if not isinstance(event, dict) or names.CLAIM_CHECK not in event:
        return None
    id_, time = envelope({"specversion": None, **event})
    of = next((each for each in classes if hasattr(each, "REFERENCE") and each._takes(event.get("type"))), Event)
    ids = [event.get("data", {}).get(name) if name else "" for name in (of.GROUP, of.REFERENCE)]
    if not all(isinstance(each, str) and _ID.fullmatch(each) for each in ids):
        of, ids = Event, ["", ""]
    made: Event = of.__new__(of)
    values = (id_, event["source"], event.get("type"), time, *ids, event, body)
    for put, value in zip(Event._PUT, values, strict=True):
        put(made, value)
    return made


def _read(bucket: str, key: str) -> bytes:
    from fanout.runtime.aws import client  # in the zip of every task, and needed by few

    s3 = client("s3")
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        raise PermanentError(f"what event.{names.CLAIM_CHECK} names is gone from the bucket") from None
    if answer["ContentLength"] > MOST_BYTES:
        raise PermanentError(f"what event.{names.CLAIM_CHECK} names has more than {MOST_BYTES} bytes")
    with answer["Body"] as stream:
        return bytes(stream.read())


def _with(event: dict[str, Any], path: list[str], content: bytes) -> dict[str, Any]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    made = {name: value for name, value in event.items() if name != names.CLAIM_CHECK}
    *above, last = path
    place: Any = made
    for each in above:
        if not isinstance(place.get(each), dict):
            raise ContractViolation(
                f"event.{'.'.join(above)} must be object: event.{names.CLAIM_CHECK} names a part of it"
            )
        place[each] = {**place[each]}
        place = place[each]
    if last in place:
        raise ContractViolation(f"event.{'.'.join(path)} must be absent, as event.{names.CLAIM_CHECK} names it")
    place[last] = json_value(text)
    return made
