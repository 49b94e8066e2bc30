"""What a request is answered with, as API Gateway's HTTP API takes it. Nothing of it is to be kept, framed or guessed at."""

import json
from typing import Any

from fanout.intake import page
from fanout.intake.request import JSON, Request

Response = dict[str, Any]

_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def problem(
    asked: Request | None, status: int, title: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """For a program https://www.rfc-editor.org/rfc/rfc9457, for a person a page."""
    if asked is not None and asked.wants_a_page:
        return html(status, page.message_page("Sorry", f"{title[:1].upper()}{title[1:]}."), headers)
    told = {"type": "about:blank", "title": title, "status": status, **more}
    return response(status, json.dumps(told), "application/problem+json", headers)


def html(status: int, text: str, headers: dict[str, str] | None = None, *, posts_to: str = "") -> Response:
    """`posts_to`: an origin beside its own that the page's forms may be sent to."""
    return response(status, text, "text/html; charset=utf-8", headers, posts_to=posts_to)


def as_json(status: int, value: Any, headers: dict[str, str] | None = None) -> Response:
    return response(status, json.dumps(value), JSON, headers)


def response(
    status: int, body: str, kind: str, headers: dict[str, str] | None = None, *, posts_to: str = ""
) -> Response:
    own = {"content-security-policy": page.allowed(posts_to), "content-type": kind}
    return {"statusCode": status, "headers": {**_HEADERS, **own, **(headers or {})}, "body": body}
