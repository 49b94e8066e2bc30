"""The command itself: `fanout --help` as a whole process, against as many commands of Typer alone. 10 rounds, in turn."""

import sys
from collections.abc import Iterator

from benchmarks.harness.measuring import ENGINE, Say, environment, interleaved, seconds
from benchmarks.harness.rows import Row, at_most, row
from fanout.cli.main import COMMANDS

HELP = [sys.executable, "-m", "fanout.cli.main", "--help"]
BARE = [sys.executable, str(ENGINE / "benchmarks" / "peers" / "bare_typer.py"), str(len(COMMANDS))]
ROUNDS = 10


def measure(say: Say) -> Iterator[Row]:
    variants = {
        "fanout": lambda: seconds(HELP, environment=environment()),
        "Typer": lambda: seconds(BARE, environment=environment()),
    }
    took = interleaved(variants, rounds=ROUNDS, say=say)
    yield row("fanout --help", took["fanout"], unit="s", peer=took["Typer"], goal=at_most(1.3, of="peer"))
