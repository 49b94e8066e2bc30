"""Faults around a function, made from outside, as an operator or an outage would: begun, seen to strike, healed."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fanout.publisher import Event
from tests.faults.ledger import Ledger
from tests.faults.plan import Cell

POLICY = "fault"
DEPENDENCIES = {"send_receipt": "ses:SendEmail", "archive_order": "s3:PutObject"}
"""What a task cannot work without; of notify_partner it is the receiver."""


@dataclass
class Strike(ABC):
    """One fault around one task."""

    ledger: Ledger
    task: str

    @abstractmethod
    def begin(self) -> None: ...

    @abstractmethod
    def heal(self) -> None: ...

    def has_struck(self, events: Sequence[Event]) -> bool:
        """Whether each of them has failed because of it."""
        return {event.id for event in events} <= self.ledger.failed(self.task)

    def client(self, service: str) -> Any:
        session: Any = self.ledger.evidence.emulator.connection.session
        return session.client(service)

    @property
    def function(self) -> str:
        return self.ledger.evidence.stack.subscriber(self.task).function_name


@dataclass
class Denied(Strike):
    """The function's role is refused some actions, by a policy that denies them."""

    actions: str

    def begin(self) -> None:
        denial = {"Effect": "Deny", "Action": self.actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
        self.client("iam").put_role_policy(RoleName=self._role(), PolicyName=POLICY, PolicyDocument=document)

    def heal(self) -> None:
        self.client("iam").delete_role_policy(RoleName=self._role(), PolicyName=POLICY)

    def _role(self) -> str:
        configuration = self.client("lambda").get_function_configuration(FunctionName=self.function)
        return str(configuration["Role"]).rpartition("/")[2]


@dataclass
class Gone(Strike):
    """The webhook's receiver does not run: connections are refused."""

    def begin(self) -> None:
        self.ledger.keep(self.task)
        self.ledger.evidence.receiver.stop()

    def heal(self) -> None:
        self.ledger.evidence.receiver.start()


@dataclass
class Dripping(Strike):
    """The webhook's receiver answers a byte at a time, and never comes to the end."""

    def begin(self) -> None:
        self.ledger.evidence.receiver.answer(status=200, containing=f"drips.{self.task}", drips="head")

    def heal(self) -> None:
        self.ledger.evidence.receiver.heal()


@dataclass
class Throttled(Strike):
    """The function may not run at all. AWS would count a receive each time; the embedded AWS does not even take them."""

    def begin(self) -> None:
        self.client("lambda").put_function_concurrency(FunctionName=self.function, ReservedConcurrentExecutions=0)

    def has_struck(self, events: Sequence[Event]) -> bool:
        """Everyone else is ready, and here they all wait."""
        ids = {event.id for event in events}
        others = [task for task in self.ledger.evidence.stack.tasks if task != self.task]
        done = all(ids <= self.ledger.done(task) for task in others)
        return done and self.ledger.waits_for(self.task) >= len(events)

    def heal(self) -> None:
        self.client("lambda").delete_function_concurrency(FunctionName=self.function)


def strike(cell: Cell, ledger: Ledger) -> Strike:
    match cell.fault.name:
        case "down" | "flapping" if cell.task in DEPENDENCIES:
            return Denied(ledger, cell.task, DEPENDENCIES[cell.task])
        case "down" | "flapping":
            return Gone(ledger, cell.task)
        case "drips":
            return Dripping(ledger, cell.task)
        case "store-away":
            return Denied(ledger, cell.task, "dynamodb:*")
        case "burial-refused":
            return Denied(ledger, cell.task, "sqs:SendMessage")
        case "visibility-refused":
            return Denied(ledger, cell.task, "sqs:ChangeMessageVisibility")
        case _:
            return Throttled(ledger, cell.task)
