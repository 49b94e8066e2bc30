"""Connections: what the first ten requests of a function's client take when they are made at once, as by a first batch of ten.

To the embedded AWS over TLS, trusted beside all authorities that the SDK brings. Peer: botocore's own client. A program each,
11 rounds in turn.
"""

import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.harness.embedded import embedded_aws, environment_of
from benchmarks.harness.measuring import ENGINE, Say, interleaved, run
from benchmarks.harness.rows import Row, at_most, row

CONNECTIONS = ENGINE / "benchmarks" / "peers" / "connections.py"
REQUESTS, ROUNDS = 10, 11


def measure(say: Say) -> Iterator[Row]:
    with embedded_aws() as emulator, environment_of(emulator.connection) as asked:
        for place, unit in enumerate(("of the processor", "until all are answered")):
            ways = {whose: partial(_milliseconds, whose, asked, place) for whose in ("ours", "bare")}
            times = interleaved(ways, rounds=ROUNDS, say=say)
            name, goal = f"ten first requests at once, {unit}", at_most(0.5, of="peer")
            yield row(name, times["ours"], unit="ms", peer=times["bare"], goal=goal)


def _milliseconds(whose: str, asked: dict[str, str], place: int) -> float:
    command = [sys.executable, str(CONNECTIONS), whose, str(REQUESTS)]
    return float(run(command, environment=asked).split()[place])
