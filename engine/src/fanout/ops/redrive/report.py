"""How a long piece of work says how far it is, whoever prints it."""

from typing import Protocol


class Report(Protocol):
    """Takes a line; with a total, how far the work is: a bar on a terminal, the line anywhere else."""

    def __call__(self, line: str, done: int = 0, total: int = 0) -> None: ...
