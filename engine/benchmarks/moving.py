"""Redrive, drop, import and replay: how many messages a second they move on the embedded AWS.

1,000 messages between two queues of which nobody else receives, each command in a program of its own, 3 rounds in turn, at a rate that
bounds nothing. Peer: a loop in as many lanes that receives, sends and deletes the same letters with all that they have, of a replay one
that reads objects and sends; both by the command's own client in a program of their own, and they write nothing down. With 50 ms more
for each call, as between an operator and AWS; and, a redrive, without.
"""

import sys
from collections.abc import Iterator

from benchmarks.harness.embedded import embedded_aws, environment_of
from benchmarks.harness.measuring import ENGINE, Say, interleaved, run
from benchmarks.harness.rows import Row, at_least, row
from fanout.local.emulator.connection import Connection

MOVING = ENGINE / "benchmarks" / "peers" / "moving.py"
MESSAGES, ROUNDS = 1_000, 3
COMMANDS = {"redrive": "bare", "drop": "bare", "import": "bare", "replay": "bare-replay"}
"""With the peer of each."""
LATENCY = 0.05
"""Seconds."""


def measure(say: Say) -> Iterator[Row]:
    with embedded_aws() as emulator:
        yield from _rows(emulator.connection, say)


def _rows(connection: Connection, say: Say) -> Iterator[Row]:
    at_home = {how: lambda how=how: _rate(connection, how, 0.0) for how in ("bare", "redrive")}
    found = interleaved(at_home, rounds=ROUNDS, say=say)
    yield row("redrive", found["redrive"], unit="messages/s", peer=found["bare"], goal=at_least(0.8, of="peer"))
    abroad = {
        how: lambda how=how: _rate(connection, how, LATENCY) for how in (*COMMANDS, *sorted(set(COMMANDS.values())))
    }
    found = interleaved(abroad, rounds=ROUNDS, say=say, warm_up=0)
    for how, bare in COMMANDS.items():
        name = f"{how}, 50 ms a call"
        yield row(name, found[how], unit="messages/s", peer=found[bare], goal=at_least(500))


def _rate(connection: Connection, how: str, latency: float) -> float:
    with environment_of(connection) as asked:
        return MESSAGES / float(run([sys.executable, str(MOVING), how, str(MESSAGES), str(latency)], environment=asked))
