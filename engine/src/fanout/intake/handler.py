"""Answers HTTP: a page to fill in, an entry that is stored before its 201, and what became of it.

    GET  /<definition>           the page; HEAD too
    POST /<definition>           JSON, or what the page sends; `Idempotency-Key` makes a repetition the same entry
    POST /<definition>/files     JSON {"field", "type"}: the id of a file, for the entry to name, and where the file is posted to
    GET  /entries/<reference>    ?token=...: what became of it, by tasks; never an answer

Addresses in answers are relative to the request's own, so that they hold under any domain and path.
Errors are problem details (https://www.rfc-editor.org/rfc/rfc9457) for programs and pages for people. No answer is logged.
"""

import os
import re
import secrets
from typing import Any, Final
from urllib.parse import urlsplit

from fanout import names
from fanout.intake import attachments, config, entry, files, page, rate, request, status, store
from fanout.intake.attachments import Sent
from fanout.intake.definition import Definition
from fanout.intake.request import MOST_BYTES, MOST_WITH_CLAIMS, Refused, Request
from fanout.intake.response import Response, as_json, html, problem, response
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger

ENTRIES: Final = "/entries/"
RETRY: Final = {"retry-after": "5"}
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def handle(event: Any, context: Any) -> Response:
    """Lambda's handler behind an HTTP API. Whatever happens, it answers."""
    try:
        asked = request.of(event)
    except Refused as refused:
        return problem(None, refused.status, refused.title)
    answer = _safely(asked)
    return answer | {"body": ""} if asked.method == "HEAD" else answer


def _safely(asked: Request) -> Response:
    try:
        return _answer(asked)
    except Refused as refused:
        return problem(asked, refused.status, refused.title, headers=refused.headers)
    except Exception as error:
        logger.error("not answered", extra=describe(error))
        told = "nothing was stored, as far as we know: send the same again in a moment"
        return problem(asked, 503, "this cannot be shown now: try again in a moment" if asked.reads else told, RETRY)


def _answer(asked: Request) -> Response:
    if asked.path.startswith(ENTRIES):
        return _status(asked)
    name, _, below = asked.path.strip("/").partition("/")
    definition = config.load().definitions.get(name)
    if definition is None or below not in ("", "files") or (below and not definition.files):
        raise Refused(404, "there is nothing to fill in at this address")
    if below:
        return _offer(asked, definition)
    if asked.reads:
        return _form(asked, definition)
    if asked.method == "POST":
        return _take(asked, definition)
    raise Refused(405, "this address takes GET and POST", allow="GET, HEAD, POST")


def _form(asked: Request, definition: Definition) -> Response:
    if definition.files:
        return files.step(asked, definition)
    return html(200, page.entry_page(definition, secrets.token_urlsafe(16)))


def _offer(asked: Request, definition: Definition) -> Response:
    if asked.method != "POST":
        raise Refused(405, "this address takes POST", allow="POST")
    _check_sender(asked)
    return files.offer(asked, definition)


def _take(asked: Request, definition: Definition) -> Response:
    _check_sender(asked)
    fields = asked.fields(MOST_WITH_CLAIMS if attachments.bucket() else MOST_BYTES)
    key, trapped = _key_of(asked, fields), fields.pop(page.TRAP, "")
    if trapped:
        raise Refused(422, "this does not look as if a person had filled it in")
    answers, errors = definition.judged(fields)
    names_files = any(each.name in answers for each in definition.files)
    stored = _before(definition, answers, key) if names_files and not errors else None
    if stored is None:  # what was sent for an entry that is there may be gone by now
        sent, missing = files.looked_up(definition, answers) if definition.files else ({}, {})
        if errors or missing:
            return _invalid(asked, definition, fields, {**missing, **errors}, key)
        stored = _kept(definition, answers, sent, key)
    if stored.how == "other":
        if asked.wants_a_page:
            raise Refused(409, "this page was sent before, with other answers: open it anew to send more")
        raise Refused(409, "this idempotency key belongs to other answers: use a new one")
    logger.info(
        "stored",
        extra={"definition": definition.name, "reference": stored.reference, "repeated": stored.how == "again"},
    )
    return _stored(asked, stored)


def _kept(definition: Definition, answers: dict[str, Any], sent: dict[str, Sent], key: str | None) -> store.Stored:
    """What stands beside the event is there before the entry is; a repetition is known before that, so that it leaves nothing there."""
    reference = entry.new_reference()
    told = {
        each.name: attachments.keep(sent[each.name], each, reference) for each in definition.files if each.name in sent
    }
    made = _made(definition, answers, reference, told)
    if made.claim:
        if not sent and (before := _before(definition, answers, key)):
            return before
        attachments.put(made.claim.key, made.claim.content)
    return store.store(made, key)


def _before(definition: Definition, answers: dict[str, Any], key: str | None) -> store.Stored | None:
    """What the key stored, as far as one can tell."""
    return store.known(definition.name, key, entry.fingerprint(definition, answers)) if key else None


def _made(definition: Definition, answers: dict[str, Any], reference: str, told: dict[str, Any]) -> entry.Entry:
    try:
        return entry.make(
            definition, answers, config.load(), reference=reference, files=told, bucket=attachments.bucket()
        )
    except entry.TooLarge:
        raise Refused(413, f"the entry is too large: its event has at most {entry.MOST_BYTES} bytes") from None
    except entry.NotAnEvent as refused:
        logger.error(
            "the contract refuses what the definition allows",
            extra={"definition": definition.name, "rule": str(refused)},
        )
        raise Refused(422, "this cannot be taken as it is: a rule of the service forbids it") from None


def _check_sender(asked: Request) -> None:
    if asked.comes_from is not None and asked.comes_from not in _origins():
        raise Refused(403, "pages of this origin may not send entries: the service's limits name those that may")
    most = int(os.environ[names.INTAKE_PER_MINUTE])
    if most and rate.too_many(asked.source, most):
        raise Refused(429, "too many entries from one address: wait a minute", **{"retry-after": "60"})


def _origins() -> list[str]:
    """Of pages that may send: behind a CDN the host of a request is not the address that browsers know."""
    named = os.environ[names.INTAKE_ORIGINS].split(",")
    if address := os.environ.get(names.INTAKE_ADDRESS):
        own = urlsplit(address)
        named.append(f"{own.scheme}://{own.netloc}".lower())
    return named


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
        return response(303, "", "text/plain", {"location": place})
    told = {"reference": stored.reference, "status": place}
    return as_json(201 if stored.how == "new" else 200, told, {"location": place})


def _invalid(
    asked: Request, definition: Definition, fields: dict[str, Any], errors: dict[str, str], key: str | None
) -> Response:
    if asked.wants_a_page:
        return html(422, page.entry_page(definition, key or secrets.token_urlsafe(16), fields, errors))
    told = [{"pointer": f"#/{name}" if name else "#", "detail": detail} for name, detail in errors.items()]
    return problem(asked, 422, f"{len(errors)} of the answers cannot be taken", errors=told)


def _status(asked: Request) -> Response:
    if not asked.reads:
        raise Refused(405, "this address takes GET", allow="GET, HEAD")
    found = status.of(asked.path.removeprefix(ENTRIES), asked.query.get("token", ""))
    if found is None:
        raise Refused(404, "there is no entry with this reference and token")
    if asked.wants_a_page:
        return html(200, page.status_page(found.title, found.reference, found.rows, found.told))
    return as_json(200, found.as_json())
