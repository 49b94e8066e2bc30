"""The embedded AWS of `faults`: as everywhere, and it can write its state to disk before it is killed.

ministack writes its state when it shuts down, but waits up to half a minute for each open TLS connection first.
"""

import os
from typing import Any

from ministack import app as gateway  # type: ignore[import-untyped]

from fanout.local.emulator.ministack_fixes import app as corrected

SAVE = os.environ["SAVE_PATH"]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope.get("path") != SAVE:
        await corrected(scope, receive, send)
        return
    gateway.save_all(gateway._build_persistence_save_dict())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})
