"""Connections: what the first ten requests of a function's client take when they are made at once, as by a first batch of ten,
and the first of each of three clients.

To the embedded AWS over TLS, trusted beside all authorities that the SDK brings. Peer: botocore's own clients. A program each,
11 rounds in turn.
"""

import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.harness.embedded import embedded_aws, environment_of
from benchmarks.harness.measuring import ENGINE, Say, interleaved, run
from benchmarks.harness.rows import Row, at_most, row

CONNECTIONS = ENGINE / "benchmarks" / "peers" / "connections.py"
ROUNDS = 11
UNITS = "of the processor", "until all are answered"
# Three of botocore's read at once where there are processors, which a function's part of one is not.
ASKED = {
    "ten first requests at once": (("10", "sqs"), (0.5, 0.5)),
    "a first request of three clients at once": (("1", "dynamodb", "sns", "sqs"), (0.5, 0.75)),
}


def measure(say: Say) -> Iterator[Row]:
    with embedded_aws() as emulator, environment_of(emulator.connection) as asked:
        for what, (asking, goals) in ASKED.items():
            for place, (unit, goal) in enumerate(zip(UNITS, goals, strict=True)):
                ways = {whose: partial(_milliseconds, whose, asking, asked, place) for whose in ("ours", "bare")}
                times = interleaved(ways, rounds=ROUNDS, say=say)
                yield row(
                    f"{what}, {unit}", times["ours"], unit="ms", peer=times["bare"], goal=at_most(goal, of="peer")
                )


def _milliseconds(whose: str, asking: tuple[str, ...], asked: dict[str, str], place: int) -> float:
    command = [sys.executable, str(CONNECTIONS), whose, *asking]
    return float(run(command, environment=asked).split()[place])
