"""How a file gets from a person to the bucket: the first step of a page, or an address that a program asks for.

A browser posts to S3 and is sent back here, without script; the id of what it sent and its versions are the page's idempotency key.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from fanout import names
from fanout.intake import attachments, file_page, page, response
from fanout.intake.attachments import Sent, Upload
from fanout.intake.definition import UPLOAD, Definition, Field
from fanout.intake.request import Refused, Request
from fanout.intake.response import Response
from fanout.intake.size import what_it_takes

STEP, ANSWERS = "step", "answers"


def offer(asked: Request, definition: Definition) -> Response:
    """To a program: an id, and what to post to S3 for it."""
    told = asked.fields()
    field = next((each for each in definition.files if each.name == told.get("field")), None)
    if field is None or told.keys() - {"field", "type"}:
        raise Refused(422, f"say the field, one of {', '.join(each.name for each in definition.files)}, and the type")
    if told.get("type") not in field.media_types:
        raise Refused(422, f"{field.name} takes {' or '.join(field.media_types)}: say which as the type")
    id_ = secrets.token_urlsafe(16)
    made = attachments.upload(definition, field, id_, type_=told["type"])
    answer = {"file": id_, "url": made.url, "fields": made.fields, "expires_in": attachments.SECONDS}
    return response.as_json(201, answer)


def step(asked: Request, definition: Definition) -> Response:
    """To a person: first the files, each sent by itself, then the questions, which carry the ids of those that are there."""
    given = asked.query.get(page.SENT, "")
    key = given if UPLOAD.fullmatch(given) else secrets.token_urlsafe(16)
    there = {each.name: attachments.sent(definition, each, key) for each in definition.files} if key == given else {}
    if asked.query.get(STEP) == ANSWERS:
        ids = {name: key for name, found in there.items() if found}
        return response.html(200, page.entry_page(definition, f"{key}.{_versions(there)}", ids))
    uploads = {each.name: _upload(asked, definition, each, key) for each in definition.files}
    shown = [(each, there.get(each.name), uploads[each.name]) for each in definition.files]
    to = urlsplit(shown[0][2].url)
    return response.html(200, file_page.file_page(definition, key, shown), posts_to=f"{to.scheme}://{to.netloc}")


def looked_up(definition: Definition, answers: dict[str, Any]) -> tuple[dict[str, Sent], dict[str, str]]:
    """What is there of those that the answers name, and what is wrong by field."""
    found, wrong = {}, {}
    for each in definition.files:
        if each.name in answers:
            sent = attachments.sent(definition, each, answers[each.name])
            if sent is None:
                wrong[each.name] = f"{each.title}: send the file again: {what_it_takes(each)}"
            else:
                found[each.name] = sent
    return found, wrong


def _versions(there: Mapping[str, Sent | None]) -> str:
    """Another one once a file was sent anew, so that the page is another entry then; the same for a double click."""
    told = [[name, found.version] for name, found in there.items() if found]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _upload(asked: Request, definition: Definition, field: Field, key: str) -> Upload:
    own = os.environ.get(names.INTAKE_ADDRESS) or f"https://{asked.headers.get('host', '').strip()}"
    then = f"{own}{asked.path}?{urlencode({page.SENT: key})}"
    only = field.media_types[0] if len(field.media_types) == 1 else None
    return attachments.upload(definition, field, key, type_=only, then=then)
