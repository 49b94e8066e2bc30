"""Who may ask: this machine's own browser with the token, or a named proxy that says who it is. Everything else is refused.

Around every route, before any of them: Host (DNS rebinding), cookie, Origin and the token of a form for whatever is posted.
"""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 4 * 1024 * 1024
"""Of a form that is posted: an event of 1 MiB, percent-encoded."""
SAFE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # no-referrer would make Origin null, which is refused
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True)
class Proxy:
    """In front of a console that does not listen on loopback: `address` alone may ask, and `header` says for whom."""

    address: str
    header: str


@dataclass
class Guard:
    """`hosts` are the values of Host that are ours, `origins` begin our addresses: both in lower case, as browsers send them."""

    hosts: frozenset[str]
    origins: frozenset[str]
    cookie: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    proxy: Proxy | None = None
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def on_loopback(cls, port: int, token: str | None = None) -> "Guard":
        """For 127.0.0.1 at `port`. Cookies do not know ports, so that its name does."""
        hosts = frozenset(f"{host}:{port}" for host in ("127.0.0.1", "localhost"))
        origins = frozenset(f"http://{host}" for host in hosts)
        return cls(hosts, origins, f"fanout-console-{port}", token or secrets.token_urlsafe(32))

    @property
    def session(self) -> str:
        """What the cookie holds; it opens nothing in an address."""
        return self._mac("session", self.token)

    def form_token(self, who: str) -> str:
        return self._mac("form", who)

    def is_session(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.session.encode())

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def is_form_token(self, given: str, who: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.form_token(who).encode())

    def _mac(self, *parts: str) -> str:
        return hmac.new(self._secret, "\0".join(parts).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class Guarded:
    """The app behind a guard. It sets state.who, state.form and state.form_token of each request that it lets through."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app, self.guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = await self._refused_or_let_in(scope, receive)
        await (answer or self.app)(scope, receive, _with_headers(send))

    async def _refused_or_let_in(self, scope: Scope, receive: Receive) -> Response | None:
        headers, guard = Headers(scope=scope), self.guard
        if headers.get("host", "").lower() not in guard.hosts:
            return _refused("this address is not the console's: use the one that it printed")
        who = self._who(scope, headers)
        if who is None:
            return self._entrance(scope)
        state = scope.setdefault("state", {})
        state |= {"who": who, "form": {}, "form_token": guard.form_token(who)}
        if scope["method"] in ("GET", "HEAD"):
            return None
        return await self._posted(scope, receive, headers, who)

    def _who(self, scope: Scope, headers: Headers) -> str | None:
        """ "" is whoever has the cookie; None nobody."""
        if (proxy := self.guard.proxy) is not None:
            peer = (scope.get("client") or ("",))[0]
            return (headers.get(proxy.header) or None) if _is_same(peer, proxy.address) else None
        given = cookie_parser(headers.get("cookie", "")).get(self.guard.cookie, "")
        return "" if self.guard.is_session(given) else None

    def _entrance(self, scope: Scope) -> Response:
        """With the token in the address, the cookie; and on to the address without it."""
        if self.guard.proxy is not None:
            return _refused(
                f"only {self.guard.proxy.address} may ask, and it says who asks in {self.guard.proxy.header}"
            )
        query = QueryParams(scope["query_string"])
        if scope["method"] != "GET" or not self.guard.is_token(query.get("token", "")):
            return _refused("open the address that the console printed: it has the token in it")
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self.guard.cookie, self.guard.session, httponly=True, samesite="strict", path="/")
        return answer

    async def _posted(self, scope: Scope, receive: Receive, headers: Headers, who: str) -> Response | None:
        if headers.get("origin", "") not in self.guard.origins:
            return _refused("another site's page asked for this: nothing was done")
        body = await _read(receive)
        if body is None:
            return PlainTextResponse(f"larger than {MOST_BYTES} bytes: nothing was done\n", 413)
        try:
            given = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=5_000)
        except ValueError:
            return PlainTextResponse("this is no form: nothing was done\n", 400)
        form = {name: value.replace("\r\n", "\n") for name, value in given}  # as browsers send each line feed
        if not self.guard.is_form_token(form.pop("form_token", ""), who):
            return _refused("the page is from before the console was started again: reload it; nothing was done")
        scope["state"]["form"] = form
        return None


def _is_same(peer: str, address: str) -> bool:
    """However each is written: one of IPv4 that comes over IPv6 is itself."""
    try:
        one, other = (ipaddress.ip_address(each) for each in (peer, address))
    except ValueError:
        return False
    return _plain(one) == _plain(other)


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _refused(why: str) -> Response:
    return PlainTextResponse(f"{why}\n", 403)


async def _read(receive: Receive) -> bytes | None:
    """None for what is too large, or was cut."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return body


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in SAFE_HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *own]}
        await send(message)

    return with_headers
