"""benchmarks/results.json: a list of rows, in the order of the benchmarks' names."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.rows import Row


def read(file: Path) -> list[Row]:
    """No file: no rows yet."""
    if not file.exists():
        return []
    try:
        return [Row(**each) for each in json.loads(file.read_text())]
    except (TypeError, ValueError) as error:
        raise BenchmarkError(f"{file} is no list of results ({error}): delete it, and run all benchmarks") from None


def merged(old: Iterable[Row], new: Sequence[Row], *, benchmark: str, known: Sequence[str]) -> list[Row]:
    """All rows of `benchmark` are replaced, those of benchmarks that no longer exist go, the rest stays."""
    kept = [each for each in old if benchmark_of(each) in known and benchmark_of(each) != benchmark]
    return sorted([*kept, *new], key=benchmark_of)  # a stable sort: within a benchmark its own order


def benchmark_of(row: Row) -> str:
    return row.name.partition(":")[0]


def write(file: Path, rows: Iterable[Row]) -> None:
    """All or nothing."""
    made = file.with_suffix(".tmp")
    made.write_text(json.dumps([each.as_json() for each in rows], indent=2) + "\n")
    os.replace(made, file)
