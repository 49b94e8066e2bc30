"""One request as API Gateway's HTTP API hands it over, payload 2.0; whatever it holds, reading it raises Refused alone.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from fanout.intake.page import FIELDS

MOST_BYTES: Final = 200_000
"""Of a body: with its event below what SNS and one item of DynamoDB take."""
MOST_WITH_CLAIMS: Final = 4_000_000
"""Of a body whose answers may stand beside the event: in base64 below what Lambda takes of a request."""
MOST_FIELDS: Final = 1_000
_QUALITY: Final = re.compile(r"(0|1)(\.[0-9]{0,3})?")
JSON = "application/json"


class Refused(Exception):
    """An answer that is no yes: its status, and a sentence without anything of the request in it."""

    def __init__(self, status: int, title: str, **headers: str) -> None:
        super().__init__(title)
        self.status, self.title, self.headers = status, title, headers


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    source: str
    """The address that it came from."""
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD")

    @property
    def wants_a_page(self) -> bool:
        """Browsers ask for text/html before all else, and programs for JSON or anything."""
        accept = self.headers.get("accept", "")
        return _wanted(accept, "text/html") > _wanted(accept, JSON)

    @property
    def comes_from(self) -> str | None:
        """The origin of the page that sent it, where that is another site's than this address; programs say none."""
        origin = self.headers.get("origin", "").strip()
        host = self.headers.get("host", "").strip()
        return None if not origin or (host and origin.partition("://")[2] == host) else origin

    def fields(self, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
        """What was filled in, from JSON or as a browser sends it, where a name that comes twice has a list."""
        if len(self.body) > most_bytes:
            raise Refused(413, f"the entry is too large: at most {most_bytes} bytes")
        if self.kind == JSON:
            return _json_object(self.body)
        if self.kind == FIELDS:
            return _pairs(self.body)
        raise Refused(415, f"send {JSON}, or {FIELDS}")


def of(event: Any) -> Request:
    """Raises Refused."""
    event = _object(event)
    http = _object(_object(event.get("requestContext")).get("http"))
    headers = {str(name).lower(): str(value) for name, value in _object(event.get("headers")).items()}
    query = {str(name): str(value) for name, value in _object(event.get("queryStringParameters")).items()}
    return Request(
        method=str(http.get("method", "")).upper(),
        path=str(event.get("rawPath", "")),
        headers=headers,
        query=query,
        source=str(http.get("sourceIp", "")),
        body=_body(event),
    )


def _wanted(accept: str, kind: str) -> float:
    """The quality that the most precise range gives `kind`: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1."""
    precise = {kind: 3, f"{kind.partition('/')[0]}/*": 2, "*/*": 1}
    found = (0, 0.0)
    for each in accept.lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        quality = next((part[2:].strip() for part in parameters if part.startswith("q=")), "1")
        if name in precise and _QUALITY.fullmatch(quality):
            found = max(found, (precise[name], float(quality)))
    return found[1]


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not isinstance(text, str):
        raise Refused(400, "the body cannot be read")
    try:
        return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode("utf-8")
    except ValueError:
        raise Refused(400, "the body cannot be read") from None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "the body is no JSON object in which each field has one value")
    return found


def _pairs(body: bytes) -> dict[str, Any]:
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused(400, "the fields cannot be read") from None
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
