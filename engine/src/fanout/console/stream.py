"""Server-sent events: the block `live` of a page, sent again whenever it says something else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing between here and a browser ends the connection."""
AFTER_TROUBLE = 5.0
"""Seconds to the next look, when one failed."""


@dataclass(frozen=True)
class Look:
    """A block `live`, of which template, and the seconds to the next look; 0 is the end."""

    template: str
    block: str
    pause: float


@dataclass(frozen=True)
class Trouble:
    """A look that failed: what was shown stays, with this line beside it."""

    line: str


async def events(look: Callable[[], Look | Trouble], is_over: Callable[[], bool]) -> AsyncIterator[str]:
    """Each has its template as its id: a browser that shows the page of another loads it anew, as more than a block differs.

    A look that failed is no end: AWS was busy, or somebody's network was away for a moment.
    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    last, silent = "", 0.0
    while not is_over():
        now = await run_in_threadpool(look)
        if isinstance(now, Trouble):
            last, silent, pause = "", 0.0, AFTER_TROUBLE
            yield _event("trouble", now.line)
        else:
            pause = now.pause
            if now.block != last:
                last, silent = now.block, 0.0
                yield _event("look", now.block, now.template)
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


def _event(name: str, text: str, id_: str = "") -> str:
    data = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n" + (f"id: {id_}\n" if id_ else "") + f"{data}\n"


def wants_events(headers: Any) -> bool:
    return "text/event-stream" in headers.get("accept", "")
