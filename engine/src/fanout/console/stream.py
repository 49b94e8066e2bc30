"""Server-sent events: the block `live` of a page, sent again whenever it says something else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing between here and a browser ends the connection."""


@dataclass(frozen=True)
class Look:
    """A block `live`, of which template, and the seconds to the next look; 0 is the end."""

    template: str
    block: str
    pause: float


async def events(look: Callable[[], Look], is_over: Callable[[], bool]) -> AsyncIterator[str]:
    """Each has its template as its id: a browser that shows the page of another loads it anew, as more than a block differs.

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    last, silent = "", 0.0
    while not is_over():
        now = await run_in_threadpool(look)
        if now.block != last:
            last, silent = now.block, 0.0
            yield _event("look", now.block, now.template)
        if not now.pause:
            yield _event("over", "")
            return
        for _ in range(max(1, round(now.pause / 0.25))):
            await asyncio.sleep(min(now.pause, 0.25))
            if is_over():
                return
        silent += now.pause
        if silent >= HEARTBEAT:
            silent = 0.0
            yield ": still here\n\n"


def _event(name: str, text: str, id_: str = "") -> str:
    data = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n" + (f"id: {id_}\n" if id_ else "") + f"{data}\n"


def wants_events(headers: Any) -> bool:
    return "text/event-stream" in headers.get("accept", "")
