"""`python -m benchmarks [NAME ...]`: measures, and writes benchmarks/results.json and the table in docs/performance.md."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks.harness import report, results
from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import ENGINE, Say
from benchmarks.harness.rows import Row
from fanout.local.console import console, errors, step
from fanout.local.errors import LocalError
from fanout.ops.interrupt import stop_on_all

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
DOCUMENT = ENGINE / "docs" / "performance.md"
INTERRUPTED = 130

Measure = Callable[[Say], Iterator[Row]]


def names() -> list[str]:
    """A benchmark is a file of this room."""
    return sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))


def chosen(arguments: Sequence[str], known: Sequence[str]) -> list[str]:
    """In the order of their names, each once; all of them when none is named."""
    for name in arguments:
        if name not in known:
            raise BenchmarkError(f"no benchmark {name!r}: there are {', '.join(known)}")
    return sorted(set(arguments) or set(known))


def measured(benchmark: str, say: Say) -> list[Row]:
    measure: Measure = import_module(f"benchmarks.{benchmark}").measure
    return [replace(each, name=f"{benchmark}: {each.name}") for each in measure(say)]


def bench(benchmarks: Sequence[str], known: Sequence[str]) -> list[Row]:
    """The rows of these benchmarks. Each one's are kept as soon as it ends, whatever becomes of the next."""
    found: list[Row] = []
    for benchmark in benchmarks:
        with step(benchmark) as say:
            rows = measured(benchmark, say)
        found += rows
        results.write(RESULTS, results.merged(results.read(RESULTS), rows, benchmark=benchmark, known=known))
    return found


def main(arguments: Sequence[str]) -> int:
    stop_on_all()
    try:
        known = names()
        benchmarks = chosen(arguments, known)
        rows = bench(benchmarks, known)
        report.write(DOCUMENT, results.read(RESULTS), report.caption(benchmarks, known))
    except KeyboardInterrupt:
        errors.print("interrupted: the results of benchmarks that ended are kept")
        return INTERRUPTED
    except (BenchmarkError, LocalError, OSError) as error:
        errors.print(f"error: {' '.join(str(error).split())}", markup=False)
        return 1
    Console(width=None if console.is_terminal else 200).print(report.table(rows))
    missed = [each.name for each in rows if each.met is False]
    if missed:
        errors.print(f"error: goals missed: {'; '.join(missed)}", markup=False)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
