"""One entry: what somebody filled in, as the event that it becomes. Made once, stored as it will be published."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from fanout import names
from fanout.intake.config import Config
from fanout.intake.definition import Definition
from fanout.runtime.errors import ContractViolation

ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of references: nothing that two people read differently on the telephone."""
REFERENCE_LENGTH: Final = 26
"""Characters: 128 bits, which nobody guesses."""


MOST_BYTES: Final = 262_144
"""Of an event with its attributes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
_VALUE: Final = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
"""Of an attribute, as publishers check it: `fanout.publisher.attributes`."""


class TooLarge(Exception):
    """SNS would not take the event."""


class NotAnEvent(Exception):
    """The contract, or SNS, refuses what the definition allows: a mistake of the app, never of whoever filled it in."""


@dataclass(frozen=True)
class Claim:
    """What of an event stands beside it (`fanout.runtime.claim_check`): its key, where in the data it belongs, its JSON."""

    key: str
    pointer: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Entry:
    """`body` is the event's JSON, `attributes` what it is published with; `token` opens its status page."""

    reference: str
    group: str
    event_id: str
    body: str
    attributes: Mapping[str, str]
    token: str
    fingerprint: str
    subject: str = ""
    """What the person is known by, where the app says which answer that is: it is indexed by a keyed hash."""
    claim: Claim | None = None


def new_reference() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(REFERENCE_LENGTH))


def make(
    definition: Definition,
    answers: Mapping[str, Any],
    config: Config,
    now: datetime | None = None,
    *,
    reference: str | None = None,
    files: Mapping[str, Any] | None = None,
    bucket: str | None = None,
) -> Entry:
    """`files` is what the event says of those that the answers name by their ids; `bucket` is where its answers go, if it is too large
    with them. Raises NotAnEvent, TooLarge."""
    reference = reference or new_reference()
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{definition.name}:{reference}",
        "source": f"{config.source}/{definition.name}",
        "type": config.type,
        "time": (now or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": _data(definition, {**answers, **(files or {})}, config, reference),
    }
    body = _json(event)
    check(config.type, event, body)
    subject = _subject(event, config)
    found = {name: _at(event, path) for name, path in config.attributes.items()}
    attributes = {name: str(value) for name, value in found.items() if value not in (None, "")}
    if wrong := [name for name, value in attributes.items() if not _VALUE.fullmatch(value)]:
        raise NotAnEvent(f"attribute {wrong[0]} has a character that SNS does not take")
    claim = None
    if bucket and size(body, attributes) > MOST_BYTES:
        claim = _claim(event, config.paths["answers"], reference)
        body = _json({**event, names.CLAIM_CHECK: f"s3://{bucket}/{claim.key}#/data/{claim.pointer}"})
    if size(body, attributes) > MOST_BYTES:
        raise TooLarge
    return Entry(
        reference=reference,
        group=definition.name,
        event_id=event["id"],
        body=body,
        attributes=attributes,
        token=secrets.token_urlsafe(16),
        fingerprint=fingerprint(definition, answers),
        subject=subject,
        claim=claim,
    )


def is_reference(text: str) -> bool:
    return len(text) == REFERENCE_LENGTH and set(text) <= set(ALPHABET)


def size(body: str, attributes: Mapping[str, str]) -> int:
    """Bytes, as SNS counts them: of an attribute its name and type too."""
    return len(body.encode()) + sum(len(f"{name}String{value}".encode()) for name, value in attributes.items())


def fingerprint(definition: Definition, answers: Mapping[str, Any]) -> str:
    """The same for the same answers to the same definition, in whatever order they come."""
    written = json.dumps([definition.name, answers], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def check(type_: str, event: dict[str, Any], body: str) -> None:
    """By the contract's own generated code, as every task reads it. Raises NotAnEvent, without a value."""
    events = import_module("events")
    known = [getattr(events, name) for name in events.__all__]
    reader = next((each for each in known if each.TYPE == type_), None)
    if reader is None:
        raise NotAnEvent(f"no contract describes {type_}")
    try:
        reader._read(event, body)
    except ContractViolation as refused:
        told = str(refused)
    else:
        return
    raise NotAnEvent(told)


def _data(definition: Definition, answers: Mapping[str, Any], config: Config, reference: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    _put(data, config.paths["group"], definition.name)
    _put(data, config.paths["reference"], reference)
    rest = {}
    for asked in definition.fields:
        if asked.name in answers and asked.goes_to:
            _put(data, asked.goes_to, answers[asked.name])
        elif asked.name in answers:
            rest[asked.name] = answers[asked.name]
    _put(data, config.paths["answers"], rest)
    return data


def _claim(event: dict[str, Any], path: str, reference: str) -> Claim:
    """Takes the answers out of the event."""
    *above, last = path.split(".")
    place = event["data"]
    for each in above:
        place = place[each]
    content = _json(place.pop(last)).encode()
    hash_ = hashlib.sha256(content).hexdigest()
    return Claim(f"{names.CLAIMS_PREFIX}/{reference}/{hash_}.json", path.replace(".", "/"), content)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")  # SQS takes neither as a character


def _subject(event: dict[str, Any], config: Config) -> str:
    found = _at(event["data"], config.paths["subject"]) if "subject" in config.paths else None
    return found.strip() if isinstance(found, str) else ""


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for key in above:
        data = data.setdefault(key, {})
    data[last] = value


def _at(event: Any, path: str) -> Any:
    for key in path.split("."):
        event = event.get(key) if isinstance(event, dict) else None
    return event
