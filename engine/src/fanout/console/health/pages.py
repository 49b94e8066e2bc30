from collections.abc import Sequence

from fanout.console.console import Console
from fanout.console.page import Answer, Asked, Page, Route


def routes(console: Console) -> Sequence[Route]:
    def show(asked: Asked) -> Answer:
        return Page("error.html", {"line": console.target, "commands": ["fanout status " + console.target]})

    return (Route("/health", show),)
