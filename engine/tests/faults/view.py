"""The fault matrix, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.markup import escape
from rich.table import Table

from fanout.local.console import console
from tests.faults.plan import ALL, Plan
from tests.faults.verdicts import ELSEWHERE, Row

LIMITS = (
    "AWS counts a receive each time a throttled function refuses a batch; the embedded AWS does not take the messages.",
    "A wrong partial answer deletes the batch here and returns it on AWS: tests/unit/lambdas/test_mapping.py.",
    "What SNS cannot deliver is not kept here, and SQS's own move task is missing: template checks, unit tests of redrive.",
    "The embedded AWS keeps e-mails in memory alone: they are counted before it is killed, and on from there after.",
)


@dataclass(frozen=True)
class Result:
    """`found` says where the canary is and must not be."""

    plan: Plan
    rows: Sequence[Row]
    found: Sequence[str]
    seconds: float

    @property
    def holds(self) -> bool:
        return not self.found and all(row.as_expected for row in self.rows)

    def told(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "seed": self.plan.seed,
            "events": self.plan.count,
            "seconds": round(self.seconds, 1),
            "rows": [asdict(row) for row in self.rows],
            "answers_found_in": list(self.found),
            "limits_of_the_embedded_aws": list(LIMITS),
        }


def show(result: Result, tasks: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("fault", *tasks, ELSEWHERE, ""):
        table.add_column(name, no_wrap=name != "fault", min_width=24 if name == "fault" else None)
    rows = {(row.fault, row.task): row for row in result.rows}
    for fault in ALL:
        own = [rows.get((fault.name, task)) for task in (*tasks, ELSEWHERE)]
        if any(own):
            holds = all(row is None or row.as_expected for row in own)
            mark = "[green]✓[/]" if holds else "[red bold]✗[/]"
            table.add_row(f"{fault.name}\n  [dim]{escape(fault.told)}[/]", *map(_cell, own), mark)
    console.print(table)
    _conclude(result)


def _cell(row: Row | None) -> str:
    if row is None:
        return "[dim]-[/]"
    style = "green" if row.as_expected else "red bold"
    fates = ("done", "dead", "waiting", "lost", "repeated")
    lines = [", ".join(f"{getattr(row, name)} {name}" for name in fates if getattr(row, name))]
    for count, told in (
        (row.in_the_window, "again *"),
        (row.dead_though_done, "also dead"),
        (row.unexplained, "unexplained"),
        (row.touched if row.task == ELSEWHERE and not row.as_expected else 0, "touched"),
    ):
        lines += [f"+{count} {told}"] if count else []
    return f"[{style}]{chr(10).join(lines)}[/]"


def _conclude(result: Result) -> None:
    console.print(
        "[dim]* in the one gap: an effect that has no record, as its container ended in between, or its attempt was given up[/]"
    )
    for limit in LIMITS:
        console.print(f"[dim]emulator: {escape(limit)}[/]")
    for place in result.found:
        console.print(f"[red bold]an answer in a {escape(place)}[/]")
    pairs = sum(row.published for row in result.rows)
    total = {name: sum(getattr(row, name) for row in result.rows) for name in ("done", "dead", "waiting", "repeated")}
    window = sum(row.in_the_window for row in result.rows)
    console.print(
        f"at all tasks: {pairs} published = {total['done']} done + {total['dead']} dead + {total['waiting']} waiting;"
        f" {total['repeated']} repeated, and {window} in the gap *;"
        f" answers of orders in logs, metrics and attributes: {len(result.found)}"
    )
    style, told = ("green", "all of it holds") if result.holds else ("red", "it does NOT hold")
    console.print(
        f"[{style} bold]{told}[/]: {result.plan.count} events, seed {result.plan.seed}, {result.seconds:.0f} s"
    )
