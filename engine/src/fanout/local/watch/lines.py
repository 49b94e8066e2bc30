"""What the tasks log, as it comes: outcomes, and every line of their own; not what Lambda and the runtime say of themselves."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from fanout.local.evidence import Evidence

EVERY, WINDOW = 0.3, 20.0
Line = tuple[int, str, str]
"""Milliseconds, task and message."""
_OF_LAMBDA = re.compile(r"(START|END|REPORT|INIT_START|XRAY) ")
_STYLES = {"done": "green", "duplicate": "dim", "failed": "yellow", "dead": "red"}


@contextmanager
def following(seen: Callable[[], Evidence], say: Callable[[str], None]) -> Iterator[None]:
    """Until the block ends; `seen` is asked again after each deployment, which may bring tasks."""
    ended = Event()
    thread = Thread(target=_follow, args=(seen, say, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def _follow(seen: Callable[[], Evidence], say: Callable[[str], None], ended: Event) -> None:
    """Lines of the last seconds are asked for again, as one may come late; what was there is not said twice."""
    began = time.time()
    told: Counter[Line] = Counter()
    while not ended.wait(EVERY):
        try:
            found = _found(seen(), int(1000 * max(began, time.time() - WINDOW)))
        except (BotoCoreError, ClientError):  # it is being deployed, or stopped
            continue
        for _, task, message in sorted((Counter(found) - told).elements()):
            if text := rendered(task, message):
                say(text)
        told = Counter(found)


def _found(seen: Evidence, since: int) -> list[Line]:
    logs = seen.session.client("logs")
    return [
        (each["timestamp"], task, each["message"])
        for task, group in ((each.task, each.log_group) for each in seen.stack.subscribers)
        if group
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        for each in page["events"]
    ]


def rendered(task: str, message: str) -> str:
    """One line of rich text; empty for what a developer has no use for."""
    text = message.rstrip()
    with suppress(ValueError, RecursionError):  # no JSON, or nested too deeply
        line = json.loads(text)
        if isinstance(line, dict):
            return "" if "_aws" in line or "messages" in line else f"[cyan]{task}[/]  {_said(line)}"
    return "" if not text or _OF_LAMBDA.match(text) else f"[cyan]{task}[/]  {escape(text)}"


def _said(line: dict[str, Any]) -> str:
    return _outcome(line) if "outcome" in line else _own(line)


def _outcome(line: dict[str, Any]) -> str:
    outcome = str(line["outcome"])
    error = f"  {line['error_type']}: {line.get('error', '')}" if line.get("error_type") else ""
    place = f"  {line['place']}" if line.get("place") else ""
    told = f"{line.get('event_id', '')}  attempt {line.get('attempt', '?')}{error}{place}"
    return f"[{_STYLES.get(outcome, 'bold')}]{escape(outcome)}[/]  {escape(told)}"


def _own(line: dict[str, Any]) -> str:
    level = str(line.get("level", "INFO"))
    frames = line.get("stackTrace")
    trace = "".join(f"\n    {each}" for each in frames) if isinstance(frames, list) else ""
    return escape(f"{level}  {line.get('message', line)}{trace}")
