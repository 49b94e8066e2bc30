"""Handlers that cannot be imported, on the screen."""

from collections.abc import Iterable

from rich.markup import escape

from fanout.local.console import errors
from fanout.local.handlers.imports import Failure


def show_failures(failures: Iterable[Failure]) -> None:
    """The traceback, and then the one line with the user's own place."""
    for each in failures:
        if each.traceback:
            errors.print(each.traceback.rstrip(), style="dim", markup=False)
        errors.print(f"[red]✗[/] {escape(str(each))}")
