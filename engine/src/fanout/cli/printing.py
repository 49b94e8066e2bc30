"""How commands write: plain and unbroken lines into a pipe, wrapped and coloured on a terminal unless NO_COLOR says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Standard output."""
    from rich.console import Console  # 60 ms that JSON and SARIF do not need

    found = Console(highlight=False, markup=False, emoji=False)
    found.soft_wrap = not found.is_terminal
    return found


def printable(text: str) -> str:
    """Text of a template cannot move the cursor or colour the screen."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
