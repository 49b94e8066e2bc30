"""What the pages of dead letters share: one stack, and all that was begun on it."""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from fanout.console.console import Console
from fanout.console.dead.healing import Healing
from fanout.console.dead.letters import Letters
from fanout.console.dead.listing import Listing
from fanout.console.work import Work
from fanout.ops.aws.stack import Stack
from fanout.ops.journal import Journal, operator
from fanout.ops.redrive.stories import Stories


@dataclass
class Desk:
    """Pages look with the rights to look alone; `stack` is for what changes something."""

    console: Console
    exports: dict[str, Work[None]] = field(default_factory=dict)
    """By their run's number."""
    one_look: Lock = field(default_factory=Lock)
    """What the list's look has in hand, a letter's look or an export would not see."""
    revealed: set[tuple[str, str, str]] = field(default_factory=set)
    """Who was shown the answers of which task's letter: the journal has their reason."""

    @property
    def stack(self) -> Stack:
        return self.console.acting

    @cached_property
    def stories(self) -> Stories:
        return Stories(Journal.of(self.console.stack).path)

    @cached_property
    def listing(self) -> Listing:
        return Listing(lambda: self.console.reading, self.one_look)

    @cached_property
    def letters(self) -> Letters:
        return Letters(lambda: self.console.reading, self.one_look)

    @cached_property
    def healing(self) -> Healing:
        return Healing(lambda: self.stack, self.stories, self._changed)

    def _changed(self) -> None:
        """What was looked at before a redrive or a drop is not shown after it."""
        self.listing.forget()
        self.letters.forget_all()

    @property
    def acting(self) -> str:
        """Who a change is made as: whose credentials, and who sits at this machine."""
        return f"{self.stack.aws.caller} ({operator()})"

    def close(self) -> None:
        if "listing" in vars(self):
            self.listing.close()
        if "healing" in vars(self):
            self.healing.close()
        for each in self.exports.values():
            each.stop.asked = True
        for each in self.exports.values():
            each.wait(10)
