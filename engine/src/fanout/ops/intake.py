"""An intake's table as an operator may see it: what waits for the topic, and what the topic will never take. Never an answer.

Both are in the index `unsent`, of which the operator's policy lets these attributes be read and no other:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from fanout import names
from fanout.aws_errors import DENIED, code_of
from fanout.errors import OpsError
from fanout.intake.store import INDEX, OF_OPERATORS
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.project import intake_stack_name, product

LATE: Final = 300.0
"""Seconds: as the alarm stored-not-emitted."""


@dataclass(frozen=True)
class Refused:
    """An entry that was set aside."""

    reference: str
    group: str
    code: str
    tries: int
    stored_at: datetime

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "stored_at": self.stored_at.isoformat(timespec="seconds")}


@dataclass
class Waiting:
    """What was stored and is not emitted; `by_group` counts it."""

    by_group: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None
    refused: list[Refused] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def count(self) -> int:
        return self.by_group.total()

    @property
    def oldest_seconds(self) -> float:
        return max(0.0, (self.now - self.oldest).total_seconds()) if self.oldest else 0.0

    @property
    def is_well(self) -> bool:
        return not self.refused and self.oldest_seconds < LATE

    def as_dict(self) -> dict[str, Any]:
        return {
            "waiting": self.count,
            "oldest_seconds": round(self.oldest_seconds, 1),
            "by_group": dict(sorted(self.by_group.items())),
            "refused": [each.as_dict() for each in self.refused],
        }


def stack_of(aws: Aws, name: str) -> Stack:
    """The stack with the intake: `name`, or the one beside it when that is the fan-out's. Raises OpsError."""
    mine = name.startswith(f"{product()}-")
    stack = find(aws, intake_stack_name(name.partition("-")[2]) if mine else name)
    if names.INTAKE_TABLE_OUTPUT not in stack.outputs:
        raise OpsError(
            f"{stack.name} has no output {names.INTAKE_TABLE_OUTPUT}: give --stack, with the intake's own stack"
        )
    return stack


def beside(stack: Stack, name: str | None) -> tuple[Stack | None, str | None]:
    """The stack with the intake: `name`, or this one, or the one of the same environment where there is one; and what is not
    known of it, in words. Raises OpsError where `name` has none."""
    if name or names.INTAKE_TABLE_OUTPUT in stack.outputs:
        return (stack_of(stack.aws, name) if name else stack), None
    own = f"{product()}-"
    if not stack.name.startswith(own):
        return None, "an intake's stack, if there is one: --intake-stack says which"
    try:
        return stack_of(stack.aws, stack.name), None
    except OpsError:
        return None, None
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        there = intake_stack_name(stack.name.removeprefix(own))
        return None, f"an intake's stack {there}, if there is one: these credentials may not see it"


def look(stack: Stack) -> Waiting:
    """Reads the index once, in pages; of a long backlog it holds counts alone."""
    found = Waiting()
    for item in _items(stack):
        stored = datetime.fromtimestamp(float(item.get("stored_at", {}).get("N", "0")), UTC)
        if "poison" in item:
            found.refused.append(_refused(item, stored))
        else:
            found.by_group[_text(item, "group")] += 1
            found.oldest = min(found.oldest or stored, stored)
    found.refused.sort(key=lambda each: each.stored_at)
    return found


def retry(stack: Stack, chosen: list[Refused], journal: Journal, stop: Stop) -> list[Refused]:
    """Gives these to the sweep again, each noted before; those that were. One that is no longer refused is left as it is."""
    done = []
    for one in chosen:
        if stop:
            break
        journal.write("retrying", reference=one.reference, code=one.code)
        if _bring_back(stack, one):
            done.append(one)
            journal.write("retried", reference=one.reference)
    return done


def _bring_back(stack: Stack, one: Refused) -> bool:
    try:
        stack.aws.dynamodb.update_item(
            TableName=_table(stack),
            Key={"pk": {"S": f"entry#{one.reference}"}},
            UpdateExpression="SET unsent_group = :group REMOVE poison, refused, tries",
            ConditionExpression="attribute_exists(poison)",
            ExpressionAttributeValues={":group": {"S": one.group}},
        )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _items(stack: Stack) -> Iterator[dict[str, Any]]:
    shown = {f"#a{number}": name for number, name in enumerate(OF_OPERATORS)}
    request: dict[str, Any] = {
        "TableName": _table(stack),
        "IndexName": INDEX,
        "ProjectionExpression": ",".join(shown),
        "ExpressionAttributeNames": shown,
    }
    read: Callable[..., Any] = stack.aws.dynamodb.scan
    while True:
        page = read(**request)
        yield from page.get("Items", [])
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _refused(item: dict[str, Any], stored: datetime) -> Refused:
    tries = int(item.get("tries", {}).get("N", "0"))
    return Refused(_text(item, "pk").removeprefix("entry#"), _text(item, "group"), _text(item, "poison"), tries, stored)


def _text(item: dict[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _table(stack: Stack) -> str:
    return stack.outputs[names.INTAKE_TABLE_OUTPUT]
