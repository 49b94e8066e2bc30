"""Server-sent events: the block `live` of a page, sent again whenever it says something else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing between here and a browser ends the connection."""


async def events(look: Callable[[], tuple[str, float]], is_over: Callable[[], bool]) -> AsyncIterator[str]:
    """`look` gives the block, and the seconds to the next look; 0 is the end. https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    last, silent = "", 0.0
    while not is_over():
        text, pause = await run_in_threadpool(look)
        if text != last:
            last, silent = text, 0.0
            yield _event("look", text)
        if not pause:
            yield _event("over", "")
            return
        for _ in range(max(1, round(pause / 0.25))):
            await asyncio.sleep(min(pause, 0.25))
            if is_over():
                return
        silent += pause
        if silent >= HEARTBEAT:
            silent = 0.0
            yield ": still here\n\n"


def _event(name: str, text: str) -> str:
    data = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{data}\n"


def wants_events(headers: Any) -> bool:
    return "text/event-stream" in headers.get("accept", "")
