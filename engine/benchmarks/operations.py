"""Operators' commands: how often they ask AWS, in how many rounds, and how long that takes with 50 ms more for each call.

Stacks of 3 and of 40 subscribers on the embedded AWS, trusted beside all authorities that the SDK brings. Their first task has no
dead letter, then 1,000, then 10,000.
The floor is the slowest call of the command.
`rounds` is the greatest number of calls of which each waited for the one before. `where` is of an id that nobody has, `tail` looks once.
`status` begins with the SDK's start, of which `status again`, a later look of --watch, has none.
1 round: the counts are the same in each.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.harness.embedded import embedded_aws, environment_of
from benchmarks.harness.measuring import ENGINE, Say, run
from benchmarks.harness.rows import Row, at_most, row
from benchmarks.scale import deploy_stack
from fanout.local import deploy
from fanout.local.emulator.connection import Connection

ON_CALL = ENGINE / "benchmarks" / "peers" / "on_call.py"
STACKS = {3: (0, 1_000, 10_000), 40: (0, 1_000, 10_000)}
"""Subscribers, and dead letters of the first."""
COMMANDS = ("status", "status again", "doctor", "where", "tail")


def measure(say: Say) -> Iterator[Row]:
    for subscribers, letters in STACKS.items():
        with embedded_aws() as emulator:
            say(f"deploying {subscribers} subscribers")
            deploy.prepare(emulator.connection)
            deploy_stack(emulator.connection, emulator.state, "Many", [str(subscribers)])
            for command in COMMANDS:
                say(f"{command}, {subscribers} subscribers")
                yield from _rows(emulator.connection, command, f"{subscribers} subscribers", subscribers)
            yield from _listed(emulator.connection, subscribers, letters, say)


def _listed(connection: Connection, subscribers: int, letters: tuple[int, ...], say: Say) -> Iterator[Row]:
    there = 0
    for count in letters:
        if count > there:
            say(f"burying {count - there:,} letters")
            _on_call(connection, str(count - there))
            there = count
        say(f"dead list, {count:,} letters")
        yield from _rows(connection, "dead list", f"{subscribers} subscribers, {count:,} letters", None)


def _rows(connection: Connection, command: str, of: str, subscribers: int | None) -> Iterator[Row]:
    found: dict[str, Any] = json.loads(_on_call(connection, command))
    looks = command in ("status", "status again")
    calls = at_most(5 + 2 * subscribers) if subscribers and looks else None
    least = at_most(1.5, of="floor") if looks else None
    yield row(f"{command}, {of}", found["seconds"], unit="s", floor=found["slowest"], goal=least)
    yield row(f"{command}, {of}: calls", found["calls"], unit="calls", goal=calls)
    yield row(f"{command}, {of}: rounds", found["rounds"], unit="rounds")


def _on_call(connection: Connection, command: str) -> str:
    with environment_of(connection) as asked:
        return run([sys.executable, str(ON_CALL), command, "Many"], environment=asked)
