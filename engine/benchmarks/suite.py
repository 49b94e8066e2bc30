"""Tests: what somebody waits for who runs them every few minutes.

`make test` once. `make unit`'s tests as a whole process, 3 rounds. And the first 50 tests of the templates' promises, beside the one synth
that they share: the sum of their calls as pytest itself reports it, against 50 times `has_resource_properties` of the
CDK's own assertions on the same template, which asks the CDK's kernel each time. 3 rounds, in turn.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import APP, ENGINE, ROOT, Say, environment, interleaved, run, seconds
from benchmarks.harness.rows import Row, at_most, row

PYTEST = [sys.executable, "-m", "pytest", "-c", "../../pyproject.toml"]
UNIT = [*PYTEST, "-n", "2", "-m", "not long and not hypothesis", "../unit"]
"""As in the Makefile; a test holds the two together."""
PROMISES = ["../infra/test_promises_delivery.py", "../infra/test_promises_security.py"]
ASSERTIONS = 50
ROUNDS = 3


def measure(say: Say) -> Iterator[Row]:
    everything = interleaved(
        {"make test": lambda: seconds(["make", "test"], environment=environment(), cwd=ROOT)},
        rounds=1,
        say=say,
        warm_up=0,
    )
    yield row("make test", everything["make test"], unit="s", goal=at_most(120))
    unit = interleaved(
        {"unit tests": lambda: seconds(UNIT, environment=environment(), cwd=APP)}, rounds=ROUNDS, say=say
    )
    yield row("make unit", unit["unit tests"], unit="s", goal=at_most(5))
    assertions = interleaved({"on JSON": _ours, "of the CDK": _of_the_cdk}, rounds=ROUNDS, say=say, warm_up=0)
    yield row(
        f"{ASSERTIONS} assertions on templates, beside their synth",
        assertions["on JSON"],
        unit="s",
        peer=assertions["of the CDK"],
        goal=at_most(0.2),
    )


def _ours() -> float:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        run(
            [*PYTEST, "-q", f"--junitxml={report}", "-o", "junit_duration_report=call", *PROMISES],
            environment=environment(),
            cwd=APP,
        )
        calls = [float(each.attrib["time"]) for each in ElementTree.parse(report).iter("testcase")]
    if len(calls) < ASSERTIONS:
        raise BenchmarkError(f"{' and '.join(PROMISES)} have {len(calls)} tests: {ASSERTIONS} are needed")
    return sum(calls[:ASSERTIONS])


def _of_the_cdk() -> float:
    command = [sys.executable, str(ENGINE / "benchmarks" / "peers" / "cdk_assertions.py"), str(ASSERTIONS)]
    return float(run(command, environment=environment()))
