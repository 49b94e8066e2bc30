"""Calling variants in turn, and timing whole programs."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.samples import Samples

ENGINE = Path(__file__).parents[2]
ROOT = ENGINE.parent
APP = ENGINE / "tests" / "app"
"""What is measured is this app: the engine's tests' own."""
DEADLINE = 900.0
"""Seconds that one program may take."""

Say = Callable[[str], None]
Variant = Callable[[], float]


def interleaved(variants: Mapping[str, Variant], *, rounds: int, say: Say, warm_up: int = 1) -> dict[str, Samples]:
    """Each variant once in each round, in turn, so that what disturbs one of them disturbs its peer as well."""
    measured: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(-warm_up, rounds):
        for name, variant in variants.items():
            say(f"{name}, {'warm-up' if number < 0 else f'round {number + 1} of {rounds}'}")
            value = variant()
            if number >= 0:
                measured[name].append(value)
    return {name: Samples(tuple(values)) for name, values in measured.items()}


def environment(**more: str) -> dict[str, str]:
    """As `make` runs programs: bytecode is kept, jsii's cache is ours, and the CDK's built-in validation is off."""
    cache = ROOT / ".venv" / "cache"
    own = {
        "CDK_VALIDATION": "false",
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache / "jsii"),
        "CDK_HOME": str(cache / "cdk"),
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **own, "PATH": path, "PYTHONPATH": f"{APP}:{ENGINE}", **more}


def seconds(command: Sequence[str], *, environment: Mapping[str, str], cwd: Path = APP) -> float:
    """Wall time of a whole program, seen from outside. One that fails measured nothing."""
    began = time.perf_counter()
    run(command, environment=environment, cwd=cwd)
    return time.perf_counter() - began


def cpu_seconds(command: Sequence[str], *, environment: Mapping[str, str], cwd: Path = APP) -> float:
    """User and system time of a program and of the children it waited for: steadier than wall time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, environment=environment, cwd=cwd)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(command: Sequence[str], *, environment: Mapping[str, str], cwd: Path = APP) -> str:
    """What it wrote to standard output; raises BenchmarkError if it failed or did not end."""
    try:
        ended = subprocess.run(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=DEADLINE,
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"`{' '.join(command)}` did not end within {DEADLINE:g} s") from None
    if ended.returncode:
        said = [line.strip() for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
        raise BenchmarkError(f"`{' '.join(command)}` ended with {ended.returncode}: {said[-1] if said else 'no word'}")
    return ended.stdout
