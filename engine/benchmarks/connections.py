"""Connections: what the first ten requests of a function's client take when they are made at once, as by a first batch of ten.

To the embedded AWS over TLS, trusted beside all authorities that the SDK brings. Peer: botocore's own client. A program each,
11 rounds in turn.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.measuring import ENGINE, Say, interleaved, run
from benchmarks.harness.rows import Row, at_most, row
from benchmarks.harness.trusting import environment_of
from fanout.local.emulator.emulator import Emulator
from fanout.local.emulator.state import State

CONNECTIONS = ENGINE / "benchmarks" / "peers" / "connections.py"
REQUESTS, ROUNDS = 10, 11


def measure(say: Say) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        state.create()
        emulator = Emulator(state, preferred_port=0)
        try:
            emulator.start()
            with environment_of(emulator.connection) as asked:
                for place, unit in enumerate(("of the processor", "until all are answered")):
                    ways = {whose: partial(_milliseconds, whose, asked, place) for whose in ("ours", "bare")}
                    times = interleaved(ways, rounds=ROUNDS, say=say)
                    name, goal = f"ten first requests at once, {unit}", at_most(0.5, of="peer")
                    yield row(name, times["ours"], unit="ms", peer=times["bare"], goal=goal)
        finally:
            emulator.stop()


def _milliseconds(whose: str, asked: dict[str, str], place: int) -> float:
    command = [sys.executable, str(CONNECTIONS), whose, str(REQUESTS)]
    return float(run(command, environment=asked).split()[place])
