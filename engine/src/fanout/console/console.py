"""What all pages share: the stack as it is deployed, what may be changed, and what is collected for every tab."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import boto3

from fanout.console.budget import Budget
from fanout.console.collector import Collector
from fanout.console.shared import Shared
from fanout.ops.aws.stack import Stack

Find = Callable[[Callable[[boto3.Session], None]], Stack]
DEPLOYED_SECONDS = 60.0
"""How long a deployment may go unseen."""


@dataclass
class Console:
    """`find` finds the stack for whatever looks, `find_to_act` for what changes it: both count in `budget`."""

    find: Callable[[], Stack]
    find_to_act: Callable[[], Stack]
    budget: Budget
    allowed: frozenset[str] = frozenset()
    shared: Shared = field(default_factory=Shared)
    find_to_read: Callable[[], Stack] | None = None
    closing: list[Callable[[], None]] = field(default_factory=list)
    """What a section of pages ends when the console does."""
    is_over: bool = False
    collector: Collector = field(init=False)

    def __post_init__(self) -> None:
        self.collector = Collector(lambda: self.stack, self.budget)

    @classmethod
    def made(cls, look: Find, act: Find, allowed: frozenset[str]) -> "Console":
        """`look` and `act` find the stack, and tell of the session of it before it makes a client: its calls are counted."""
        budget = Budget()
        freely = partial(budget.attach, acts=True)
        return cls(
            lambda: look(budget.attach),
            lambda: act(freely),
            budget,
            allowed,
            find_to_read=lambda: look(freely),
        )

    @property
    def stack(self) -> Stack:
        """As it was deployed a minute ago at most. Raises OpsError, and what AWS says."""
        return self.shared.get("stack", DEPLOYED_SECONDS, self.find)

    @property
    def acting(self) -> Stack:
        """For a change: its calls are counted, and not held back."""
        return self.shared.get("acting", DEPLOYED_SECONDS, self.find_to_act)

    @property
    def reading(self) -> Stack:
        """For a long look that a person asks for, one at a time: with the rights to look, counted, and not held back."""
        return self.shared.get("reading", DEPLOYED_SECONDS, self.find_to_read or self.find)

    @cached_property
    def target(self) -> str:
        """As the commands name the stack, also when AWS says nothing any more."""
        return f"--stack {self.stack.name}"

    def close(self) -> None:
        self.is_over = True
        self.collector.close()
        for each in self.closing:
            each()
