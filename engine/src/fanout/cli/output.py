"""What a person sees: colours and movement on a terminal, plain whole lines anywhere else; JSON for programs."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from fanout.ops.redrive.report import Report
from fanout.terminal import guarded
from fanout.words import printable

WIDTH_OF_A_FILE = 160
_NARROWEST = 10
"""Of a column whose text is broken."""


def _width() -> int | None:
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return None  # Rich asks the terminal, or COLUMNS
    return WIDTH_OF_A_FILE


class _Whole(Console):
    """What is wider than the terminal is not cut off: the terminal breaks the line."""

    def print(self, *objects: Any, crop: bool = False, **how: Any) -> None:
        super().print(*objects, crop=crop, **how)


class _Table(Table):
    """What is not to be broken has the width that it needs, also where the terminal has less."""

    def add_row(self, *cells: Any, **how: Any) -> None:
        super().add_row(*cells, **how)
        for column, cell in zip(self.columns, cells, strict=False):
            if column.no_wrap:
                lines = f"{column.header}\n{cell}".split("\n")
                column.min_width = max(column.min_width or 0, *(cell_len(line) for line in lines))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = sum((column.min_width or _NARROWEST) + 2 for column in self.columns)
        yield from super().__rich_console__(console, options.update(max_width=max(options.max_width, needed)))


console = guarded(_Whole(highlight=False, markup=False, emoji=False, width=_width()))
"""Standard output. Text is printed as it is: brackets in it are no markup."""
errors = guarded(Console(highlight=False, markup=False, emoji=False, stderr=True, soft_wrap=True))


@contextmanager
def report_to(to: Console) -> Iterator[Report]:
    """Until its end a bar stays below the lines that are reported; then it is gone."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("[dim]{task.description}[/]"))
    with Progress(*columns, console=to, transient=True, disable=not to.is_terminal) as progress:
        bar = progress.add_task("", total=None, visible=False)

        def report(line: str, done: int = 0, total: int = 0) -> None:
            if total and to.is_terminal:
                progress.update(
                    bar, description=escape(printable(line)), completed=done, total=max(done, total), visible=True
                )
            else:
                to.print(line, markup=False)

        yield report


def print_line(text: str | Text, style: str = "") -> None:
    """One line: whole in a pipe, wrapped on a terminal."""
    console.print(text, style=style, soft_wrap=not console.is_terminal)


def print_indented(text: str, style: str = "") -> None:
    """Text of a template two columns in, on a terminal also where it wraps."""
    text = printable(text)
    if console.is_terminal:
        console.print(Padding(Text(text, style, overflow="fold"), (0, 0, 0, 2)))
    else:
        console.print(Text(f"  {text}", style), soft_wrap=True)


def say(line: str, as_json: bool, **facts: Any) -> None:
    """The line for people, or the facts for programs."""
    if as_json:
        say_json(facts)
    else:
        console.print(line, soft_wrap=True)


def say_json(value: Any) -> None:
    """Exact, and in ASCII: what could move the cursor is escaped as JSON does it."""
    sys.stdout.write(_as_json(value, 2) + "\n")
    sys.stdout.flush()


def say_json_line(value: Any) -> None:
    sys.stdout.write(_as_json(value) + "\n")
    sys.stdout.flush()


def _as_json(value: Any, indent: int | None = None) -> str:
    """What JSON has no number for, as it may be in what a task printed, is text: "NaN", "Infinity"."""
    try:
        return json.dumps(value, indent=indent, default=_as_text, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value, default=_as_text), parse_constant=str), indent=indent)


def _as_text(value: Any) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def table(*columns: str, right: tuple[str, ...] = (), fold: tuple[str, ...] = ()) -> Table:
    """Without boxes. What is not in `fold` is never broken, so that an id can be copied."""
    made = _Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in right else "left",
            overflow="fold",
            no_wrap=name not in fold,
            ratio=1 if name in fold else None,
        )
    return made


def foreign(text: object, style: str = "") -> Text:
    """Of a message, a log line or a template: one line, in which nothing is markup."""
    return Text(printable(str(text)), style)
