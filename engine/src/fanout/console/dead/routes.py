"""The routes of the pages of dead letters."""

from collections.abc import Sequence

from fanout.console.console import Console
from fanout.console.page import Route


def routes(console: Console) -> Sequence[Route]:
    return ()
