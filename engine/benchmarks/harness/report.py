"""The results as a Rich table, and as the table in docs/performance.md."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.table import Table

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import ROOT, environment, run
from benchmarks.harness.rows import Row

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
HEADINGS = ("what", "measured", "min to max", "floor", "peer", "ratio", "goal", "met")
PACKAGES = ("aws-cdk-lib", "jsii", "boto3", "ministack", "aws-lambda-powertools")
MET = {True: "yes", False: "NO", None: ""}


def cells(row: Row) -> tuple[str, ...]:
    unit = f" {row.unit}"
    return (
        row.name,
        f"{row.value:g}{unit}",
        "" if row.min == row.max else f"{row.min:g} to {row.max:g}",
        "" if row.floor is None else f"{row.floor:g}{unit}",
        "" if row.peer is None else f"{row.peer:g}{unit}",
        "" if row.ratio is None else f"{row.ratio:g} x",
        row.goal or "",
        MET[row.met],
    )


def table(rows: Sequence[Row]) -> Table:
    made = Table(*HEADINGS)
    for each in rows:
        made.add_row(*cells(each), style="red" if each.met is False else None)
    return made


def markdown(rows: Sequence[Row], caption: str) -> str:
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *map(cells, rows)]
    return f"{caption}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(document: Path, rows: Sequence[Row], caption: str) -> None:
    """Between its two markers; the rest of the document is somebody's words."""
    text = document.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise BenchmarkError(f"{document} needs one line {BEGIN} and below it one line {END}, for the table")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    document.write_text(f"{before}{BEGIN}\n{markdown(rows, caption)}\n{END}{after}")


def caption(benchmarks: Sequence[str], known: Sequence[str]) -> str:
    """Machine, versions and date of a run, and which rows are of it."""
    which = "All rows" if set(benchmarks) == set(known) else f"The rows of {', '.join(benchmarks)}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    node = run(["node", "--version"], environment=environment()).strip().removeprefix("v")
    cli = run([str(ROOT / "node_modules" / ".bin" / "cdk"), "--version"], environment=environment()).split()[0]
    return (
        f"{which}: {datetime.now(UTC).date()}, {os.cpu_count()} x {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, Node {node}, aws-cdk {cli}, {packages}."
    )


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
