"""Synth: whole programs from outside, with the CDK's built-in validation off, as `make synth` runs them.

`app.py` with every settings entry, and with one, against an app of one empty stack; the same where nothing changed; ten of our
subscribers against the same resources as everyone writes them (`benchmarks/peers/plain_app.py`), after it was counted that they are
the same. 9 rounds, in turn, each into an empty folder. And what a further subscriber asks of the CDK's kernel: a count, so one round is enough.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import APP, ENGINE, Say, environment, interleaved, run, seconds
from benchmarks.harness.rows import Row, at_most, row

PEERS = ENGINE / "benchmarks" / "peers"
ROUNDS = 9
SUBSCRIBERS = 10
ENTRY = "local"


def measure(say: Say) -> Iterator[Row]:
    apps = {
        "every settings entry": [str(APP / "app.py")],
        "one settings entry": [str(APP / "app.py"), ENTRY],
        "an empty stack": [str(PEERS / "empty_app.py")],
        "our subscribers": [str(PEERS / "our_app.py"), str(SUBSCRIBERS)],
        "plain constructs": [str(PEERS / "plain_app.py"), str(SUBSCRIBERS)],
    }
    say("counting resources")
    counted = _same_resources(apps["our subscribers"], apps["plain constructs"])
    with TemporaryDirectory() as folder:
        variants = {name: partial(_synth_seconds, app) for name, app in apps.items()}
        variants["nothing changed"] = partial(_unchanged_seconds, folder)
        times = interleaved(variants, rounds=ROUNDS, say=say)
    yield row(
        "every settings entry, against an empty stack",
        times["every settings entry"],
        unit="s",
        peer=times["an empty stack"],
        goal=at_most(2.5, of="peer"),
    )
    yield row(
        "one settings entry, against an empty stack",
        times["one settings entry"],
        unit="s",
        peer=times["an empty stack"],
        goal=at_most(2, of="peer"),
    )
    yield row("every settings entry, where nothing changed", times["nothing changed"], unit="s", goal=at_most(0.3))
    yield row(
        f"{SUBSCRIBERS} subscribers, against plain constructs ({counted} resources each)",
        times["our subscribers"],
        unit="s",
        floor=times["an empty stack"],
        peer=times["plain constructs"],
        goal=at_most(0.95, of="peer"),
    )
    say("counting round trips")
    yield row(
        "a further subscriber, against plain constructs",
        _of_a_further_one("our_app"),
        unit="round trips",
        peer=_of_a_further_one("plain_app"),
        goal=at_most(25),
    )


def _synth_seconds(app: Sequence[str]) -> float:
    with TemporaryDirectory() as folder:
        return seconds([sys.executable, *app], environment=_environment(folder))


def _unchanged_seconds(folder: str) -> float:
    """As `make synth`. The first round, which is not counted, makes the assembly."""
    command = [sys.executable, "-m", "fanout.assembly", folder, sys.executable, "app.py"]
    variables = {name: value for name, value in _environment(folder).items() if name != "CI"}
    made = Path(folder) / "manifest.json"
    before = made.stat().st_mtime_ns if made.exists() else None
    took = seconds(command, environment=variables)
    if before not in (None, made.stat().st_mtime_ns):
        raise BenchmarkError("an assembly was made anew, and nothing had changed")
    return took


def _same_resources(ours: Sequence[str], theirs: Sequence[str]) -> int:
    counted = [_resources(app) for app in (ours, theirs)]
    if counted[0] != counted[1]:
        raise BenchmarkError(
            f"{ours[0]} and {theirs[0]} differ: {(counted[0] - counted[1]) | (counted[1] - counted[0])}"
        )
    return counted[0].total()


def _resources(app: Sequence[str]) -> Counter[str]:
    with TemporaryDirectory() as folder:
        run([sys.executable, *app], environment=_environment(folder))
        (template,) = Path(folder).glob("*.template.json")
        return Counter(each["Type"] for each in json.loads(template.read_text())["Resources"].values())


def _of_a_further_one(app: str) -> int:
    return _round_trips(app, SUBSCRIBERS + 1) - _round_trips(app, SUBSCRIBERS)


def _round_trips(app: str, count: int) -> int:
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.peers.round_trips", app, str(count)]
        return int(run(command, environment=_environment(folder)))


def _environment(folder: str) -> dict[str, str]:
    """What the CDK CLI and `make synth` hand to an app: where to write, and the flags of cdk.json."""
    context = json.dumps(json.loads((APP / "cdk.json").read_text())["context"])
    return environment(CDK_OUTDIR=folder, CDK_CONTEXT_JSON=context)
