"""A fact of an account, and the question that asks for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import boto3

from fanout.ops.deploy.needs import Needs
from fanout.ops.deploy.stack_states import Found, look


@dataclass(frozen=True)
class Account:
    """Who is asked: one account in one region, for one stack. What is asked twice is asked of AWS once."""

    session: boto3.Session = field(repr=False, compare=False)
    account: str
    region: str
    partition: str
    stack: str
    needs: Needs

    def client(self, service: str):  # type: ignore[no-untyped-def]  # a client of any service
        return self.session.client(service, region_name=self.region)  # type: ignore[call-overload]

    @cached_property
    def found(self) -> Found:
        """The stack as it is there now."""
        return look(self.session, self.region, self.stack)


@dataclass(frozen=True)
class Answer:
    """`said`: what AWS says, in a few words. `todo`: what a person does about it, with commands; "" where it holds.

    `command`: what mends it, where `fanout deploy prepare` may do so itself.
    """

    holds: bool
    said: str
    todo: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A row of the table. `must`: what must hold. `blocks`: a deployment without it fails, or reaches nobody."""

    name: str
    question: str
    must: str
    ask: Callable[[Account], Answer]
    applies: Callable[[Needs], bool] = lambda needs: True
    action: str | None = None
    """The IAM action that AWS asks for; None: nothing is asked of AWS, or what everybody may."""
    resource: str = "*"
    """An ARN with PARTITION, REGION, ACCOUNT, PRODUCT and QUALIFIER in it."""
    blocks: bool = False


@dataclass(frozen=True)
class Fact:
    """An answer. `holds` is None when it could not be asked: that is never told as fine."""

    name: str
    question: str
    holds: bool | None
    said: str
    todo: str = ""
    blocks: bool = False
    command: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "question": self.question,
            "holds": self.holds,
            "said": self.said,
            "todo": self.todo,
            "blocks": self.blocks,
        }

    @property
    def line(self) -> str:
        """The fact in one line: what was said, and what to do."""
        return f"{self.name}: {self.said}" + (f"; {self.todo}" if self.todo else "")
