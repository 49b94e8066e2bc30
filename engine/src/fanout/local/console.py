"""What the user sees: colours and movement on a terminal, plain lines anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from fanout.terminal import guarded

WIDTH_OF_A_FILE = 120
"""The demo's table, where a task took ten seconds or more, still has each row in one line."""

console = guarded(Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE))
errors = guarded(Console(highlight=False, stderr=True, soft_wrap=True))

Say = Callable[[str], None]


@contextmanager
def step(doing: str) -> Iterator[Say]:
    """Shows what is being done, and with `say` how far it is; leaves one line with the seconds it took."""
    began = time.monotonic()
    with console.status(escape(doing)) as status:

        def say(text: str) -> None:
            status.update(f"{escape(doing)} [dim]{escape(text)}[/]")

        yield say
    console.print(f"[green]✓[/] {escape(doing)} [dim]({time.monotonic() - began:.1f} s)[/]")


def note(text: str) -> None:
    console.print(f"[yellow]![/] {escape(text)}")
