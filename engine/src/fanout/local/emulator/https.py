"""Our own calls to our own servers."""

import json
import ssl
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from fanout.local.errors import LocalError


def call(method: str, url: str, authority: Path, body: Any = None, timeout: float = 5.0) -> Any:
    """JSON in, JSON out."""
    return json.loads(call_for_bytes(method, url, authority, body, timeout))


def call_for_bytes(method: str, url: str, authority: Path, body: Any = None, timeout: float = 5.0) -> bytes:
    """Trusts `authority` and nobody else, and asks no proxy for what is on this machine."""
    data = json.dumps(body).encode() if body is not None else None
    context = ssl.create_default_context(cafile=str(authority))
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    try:
        with opener.open(Request(url, data=data, method=method), timeout=timeout) as answer:
            return bytes(answer.read())
    except (OSError, HTTPException) as error:
        raise LocalError(f"{url} does not answer as it should ({error}): `make status` says what runs") from error
