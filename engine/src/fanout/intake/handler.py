"""Answers HTTP: a page to fill in, an entry that is stored before its 201, and what became of it.

    GET  /<definition>           the page; HEAD too
    POST /<definition>           JSON, or what the page sends; `Idempotency-Key` makes a repetition the same entry
    GET  /entries/<reference>    ?token=...: what became of it, by tasks; never an answer

Addresses in answers are relative to the request's own, so that they hold under any domain and path.
Errors are problem details (https://www.rfc-editor.org/rfc/rfc9457) for programs and pages for people. No answer is logged.
"""

import json
import os
import re
import secrets
from typing import Any, Final

from fanout import names
from fanout.intake import config, entry, page, rate, request, status, store
from fanout.intake.definition import Definition
from fanout.intake.request import Refused, Request
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger

ENTRIES: Final = "/entries/"
RETRY: Final = {"retry-after": "5"}
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": page.ALLOWED,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}

Response = dict[str, Any]


def handle(event: Any, context: Any) -> Response:
    """Lambda's handler behind an HTTP API. Whatever happens, it answers."""
    try:
        asked = request.of(event)
    except Refused as refused:
        return _problem(None, refused.status, refused.title)
    answer = _safely(asked)
    return answer | {"body": ""} if asked.method == "HEAD" else answer


def _safely(asked: Request) -> Response:
    try:
        return _answer(asked)
    except Refused as refused:
        return _problem(asked, refused.status, refused.title, headers=refused.headers)
    except Exception as error:
        logger.error("not answered", extra=describe(error))
        told = "nothing was stored, as far as we know: send the same again in a moment"
        return _problem(asked, 503, "this cannot be shown now: try again in a moment" if asked.reads else told, RETRY)


def _answer(asked: Request) -> Response:
    if asked.path.startswith(ENTRIES):
        return _status(asked)
    definition = config.load().definitions.get(asked.path.strip("/"))
    if definition is None:
        raise Refused(404, "there is nothing to fill in at this address")
    if asked.reads:
        return _page(200, page.entry_page(definition, secrets.token_urlsafe(16)))
    if asked.method == "POST":
        return _take(asked, definition)
    raise Refused(405, "this address takes GET and POST", allow="GET, HEAD, POST")


def _take(asked: Request, definition: Definition) -> Response:
    _check_sender(asked)
    fields = asked.fields()
    key, trapped = _key_of(asked, fields), fields.pop(page.TRAP, "")
    if trapped:
        raise Refused(422, "this does not look as if a person had filled it in")
    answers, errors = definition.judged(fields)
    if errors:
        return _invalid(asked, definition, fields, errors, key)
    made = _made(definition, answers)
    stored = store.store(made, key)
    if stored.how == "other":
        if asked.wants_a_page:
            raise Refused(409, "this page was sent before, with other answers: open it anew to send more")
        raise Refused(409, "this idempotency key belongs to other answers: use a new one")
    logger.info(
        "stored",
        extra={"definition": definition.name, "reference": stored.reference, "repeated": stored.how == "again"},
    )
    return _stored(asked, stored)


def _made(definition: Definition, answers: dict[str, Any]) -> entry.Entry:
    try:
        return entry.make(definition, answers, config.load())
    except entry.TooLarge:
        raise Refused(413, f"the entry is too large: its event has at most {entry.MOST_BYTES} bytes") from None
    except entry.NotAnEvent as refused:
        logger.error(
            "the contract refuses what the definition allows",
            extra={"definition": definition.name, "rule": str(refused)},
        )
        raise Refused(422, "this cannot be taken as it is: a rule of the service forbids it") from None


def _check_sender(asked: Request) -> None:
    if asked.comes_from is not None and asked.comes_from not in os.environ[names.INTAKE_ORIGINS].split(","):
        raise Refused(403, "pages of this origin may not send entries: the service's limits name those that may")
    most = int(os.environ[names.INTAKE_PER_MINUTE])
    if most and rate.too_many(asked.source, most):
        raise Refused(429, "too many entries from one address: wait a minute", **{"retry-after": "60"})


def _key_of(asked: Request, fields: dict[str, Any]) -> str | None:
    """The header's, or the page's hidden field's."""
    given = asked.headers.get("idempotency-key") or fields.pop(page.KEY, None)
    fields.pop(page.KEY, None)
    if given is not None and not (isinstance(given, str) and _KEY.fullmatch(given)):
        raise Refused(400, "Idempotency-Key: 1 to 255 visible ASCII characters")
    return given


def _stored(asked: Request, stored: store.Stored) -> Response:
    up = "../" if asked.path.endswith("/") else ""
    place = f"{up}{ENTRIES.strip('/')}/{stored.reference}?token={stored.token}"
    if asked.wants_a_page:
        return _response(303, "", "text/plain", {"location": place})
    body = json.dumps({"reference": stored.reference, "status": place})
    return _response(201 if stored.how == "new" else 200, body, request.JSON, {"location": place})


def _invalid(
    asked: Request, definition: Definition, fields: dict[str, Any], errors: dict[str, str], key: str | None
) -> Response:
    if asked.wants_a_page:
        return _page(422, page.entry_page(definition, key or secrets.token_urlsafe(16), fields, errors))
    told = [{"pointer": f"#/{name}" if name else "#", "detail": detail} for name, detail in errors.items()]
    return _problem(asked, 422, f"{len(errors)} of the answers cannot be taken", errors=told)


def _status(asked: Request) -> Response:
    if not asked.reads:
        raise Refused(405, "this address takes GET", allow="GET, HEAD")
    found = status.of(asked.path.removeprefix(ENTRIES), asked.query.get("token", ""))
    if found is None:
        raise Refused(404, "there is no entry with this reference and token")
    if asked.wants_a_page:
        return _page(200, page.status_page(found.title, found.reference, found.rows, found.told))
    return _response(200, json.dumps(found.as_json()), request.JSON)


def _problem(
    asked: Request | None, status_: int, title: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    if asked is not None and asked.wants_a_page:
        return _page(status_, page.message_page("Sorry", f"{title[:1].upper()}{title[1:]}."), headers)
    problem = {"type": "about:blank", "title": title, "status": status_, **more}
    return _response(status_, json.dumps(problem), "application/problem+json", headers)


def _page(status_: int, html: str, headers: dict[str, str] | None = None) -> Response:
    return _response(status_, html, "text/html; charset=utf-8", headers)


def _response(status_: int, body: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    return {"statusCode": status_, "headers": {**_HEADERS, "content-type": kind, **(headers or {})}, "body": body}
