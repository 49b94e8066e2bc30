"""How a long piece of work says how far it is, whoever prints it."""

import time
from typing import Protocol


class Report(Protocol):
    """Takes a line; with a total, how far the work is: a bar on a terminal, the line anywhere else."""

    def __call__(self, line: str, done: int = 0, total: int = 0) -> None: ...


def not_too_often(report: Report) -> Report:
    """Every two seconds."""
    last = time.monotonic()

    def told(line: str, done: int = 0, total: int = 0) -> None:
        nonlocal last
        if time.monotonic() - last >= 2:
            last = time.monotonic()
            report(line, done, total)

    return told
