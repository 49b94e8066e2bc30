"""What a page is asked, and what it answers, whatever serves it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """`path` has what stands in the address, `form` what was posted: it may be an answer. `who` is whose browser it is."""

    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    who: str = ""


@dataclass(frozen=True)
class Page:
    """`refresh`: seconds after which its block `live` is looked at again; 0 where nothing goes on. `at`: where, if not here."""

    template: str
    facts: Mapping[str, Any] = field(repr=False)
    refresh: float = 0
    status: int = 200
    at: str = ""


@dataclass(frozen=True)
class To:
    """Look there: after a post, so that a reload posts nothing again."""

    address: str


Answer = Page | To


@dataclass(frozen=True)
class Route:
    """`path` as Starlette writes it. One that `needs` a word of --allow does not exist unless that was given.

    `answer` is called in a thread of its own: once for a page, and again for each look of a page that goes on.
    """

    path: str
    answer: Callable[[Asked], Answer]
    method: str = "GET"
    needs: str = ""

    def __post_init__(self) -> None:
        if self.method == "POST" and not self.needs:
            raise ValueError(f"{self.path}: what is posted changes something: say which word of --allow it needs")
