"""The table of an intake: an entry with its answers and its status page's token, and the claims of idempotency keys.

Keys are those of `fanout.intake.store`. A claim has no way from its entry, so the table is read through for it. The index
of people (`fanout.intake.subject`) goes before the entry, which names it; or last of all, where it is what finds the rest again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fanout import names
from fanout.errors import OpsError
from fanout.intake import subject
from fanout.ops.aws.records import LONGEST_KEY
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.erase.wanted import Finding, Removal, Wanted, hashed, read_event
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report
from fanout.words import counted

ENTRY: Final = "entry#"
CLAIM: Final = "key#"
MOST_KEYS, TRIES = 100, 6


@dataclass
class IntakeTable:
    """`people` are keys of the index that name these references, as far as they are known. `by_person`: they are what the
    references were found by, and would be again."""

    aws: Aws
    table: str
    people: set[str] = field(default_factory=set)
    by_person: bool = False

    @property
    def name(self) -> str:
        return "intake"

    def find(self, wanted: Wanted, report: Report, *, removed: int = 0) -> Finding:
        found = Finding(self.name)
        for reference in wanted.named(LONGEST_KEY - len(ENTRY)):
            answer = self.aws.dynamodb.get_item(
                TableName=self.table, Key={"pk": {"S": f"{ENTRY}{reference}"}}, ConsistentRead=True
            )
            if item := answer.get("Item"):
                found.handles.append(f"{ENTRY}{reference}")
                wanted.learn(read_event(str(item.get("body", {}).get("S", "")).encode("utf-8", "surrogatepass")))
                self.people |= {item["subject"]["S"]} if "subject" in item else set()
        entries = len(found.handles)
        for page in self._claims():
            found.looked_at += page["ScannedCount"]
            theirs = (each for each in page["Items"] if each.get("reference", {}).get("S") in wanted.references)
            found.handles += [each["pk"]["S"] for each in theirs]
        found.count = len(found.handles)
        claims = found.count - entries
        found.what = counted(entries, "entry", "entries") + (
            f" and {counted(claims, 'claim')} of keys" if claims else ""
        )
        return found

    def remove(self, finding: Finding, wanted: Wanted, journal: Journal) -> Removal:
        done = Removal(self.name)
        if not self.by_person:
            self.forget(wanted, journal)
        for pk in finding.handles:
            journal.write("erasing", place=self.name, items=hashed([pk]))
            self.aws.dynamodb.delete_item(TableName=self.table, Key={"pk": {"S": pk}})
            journal.write("erased", place=self.name, items=hashed([pk]))
            done.removed += 1
        return done

    def forget(self, wanted: Wanted, journal: Journal) -> None:
        """Takes these references out of the index of people. Raises what DynamoDB says."""
        for pk in sorted(self.people):
            journal.write("forgetting", place=self.name, items=hashed([pk]))
            self.aws.dynamodb.update_item(
                TableName=self.table,
                Key={"pk": {"S": pk}},
                UpdateExpression="DELETE #references :references",
                ExpressionAttributeNames={"#references": "references"},
                ExpressionAttributeValues={":references": {"SS": wanted.named(LONGEST_KEY)}},
            )

    def _claims(self) -> Any:
        return self.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ProjectionExpression="pk, #reference",
            FilterExpression="begins_with(pk, :claim)",
            ExpressionAttributeNames={"#reference": "reference"},
            ExpressionAttributeValues={":claim": {"S": CLAIM}},
            ConsistentRead=True,
        )


def references_of(intake: Stack | None, person: str) -> tuple[frozenset[str], set[str]]:
    """What somebody has sent, and the keys of the index that say so. Raises OpsError where people are not indexed, or DynamoDB does
    not get to all of it."""
    secret = intake.outputs.get(names.INTAKE_SUBJECT_SECRET_OUTPUT) if intake else None
    if intake is None or secret is None:
        raise OpsError(
            'nobody can be found by --subject: no intake that was deployed with subject="customer.email", or the like, is seen'
            " here (--intake-stack); give --reference"
        )
    told = intake.aws.secrets.get_secret_value(SecretId=secret)["SecretString"]
    table = intake.outputs[names.INTAKE_TABLE_OUTPUT]
    references: set[str] = set()
    people: set[str] = set()
    for item in _items(intake.aws, table, subject.keys(subject.hashed(told, person), datetime.now(UTC))):
        if found := item.get("references", {}).get("SS"):
            references.update(found)
            people.add(item["pk"]["S"])
    return frozenset(references), people


def _items(aws: Aws, table: str, keys: list[str]) -> Iterator[Any]:
    for begin in range(0, len(keys), MOST_KEYS):
        asked: Any = [{"pk": {"S": each}} for each in keys[begin : begin + MOST_KEYS]]
        for _ in range(TRIES):
            answer: Any = aws.dynamodb.batch_get_item(RequestItems={table: {"Keys": asked, "ConsistentRead": True}})
            yield from answer.get("Responses", {}).get(table, [])
            asked = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys")
            if not asked:
                break
        if asked:
            raise OpsError("what they have sent is not known, as DynamoDB is busy: try again")
