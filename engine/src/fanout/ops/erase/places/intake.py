"""The table of an intake: an entry with its answers and its status page's token, and the claims of idempotency keys.

Keys are those of `fanout.intake.store`. A claim has no way from its entry, so the table is read through for it.
"""

from dataclasses import dataclass
from typing import Any, Final

from fanout.ops.aws.session import Aws
from fanout.ops.erase.wanted import Finding, Removal, Wanted, hashed, read_event
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report
from fanout.words import counted

ENTRY: Final = "entry#"
CLAIM: Final = "key#"


@dataclass
class IntakeTable:
    aws: Aws
    table: str

    @property
    def name(self) -> str:
        return "intake"

    def find(self, wanted: Wanted, report: Report, *, removed: int = 0) -> Finding:
        found = Finding(self.name)
        for reference in sorted(wanted.references):
            answer = self.aws.dynamodb.get_item(
                TableName=self.table, Key={"pk": {"S": f"{ENTRY}{reference}"}}, ConsistentRead=True
            )
            if item := answer.get("Item"):
                found.handles.append(f"{ENTRY}{reference}")
                wanted.learn(read_event(str(item.get("body", {}).get("S", "")).encode()))
        entries = len(found.handles)
        for page in self._claims(wanted):
            found.looked_at += page["ScannedCount"]
            found.handles += [each["pk"]["S"] for each in page["Items"]]
        found.count = len(found.handles)
        claims = found.count - entries
        found.what = counted(entries, "entry", "entries") + (
            f" and {counted(claims, 'claim')} of keys" if claims else ""
        )
        return found

    def remove(self, finding: Finding, wanted: Wanted, journal: Journal) -> Removal:
        done = Removal(self.name)
        for pk in finding.handles:
            journal.write("erasing", place=self.name, items=hashed([pk]))
            self.aws.dynamodb.delete_item(TableName=self.table, Key={"pk": {"S": pk}})
            journal.write("erased", place=self.name, items=hashed([pk]))
            done.removed += 1
        return done

    def _claims(self, wanted: Wanted) -> Any:
        names = {f":r{number}": {"S": each} for number, each in enumerate(sorted(wanted.references))}
        return self.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ProjectionExpression="pk",
            FilterExpression=f"begins_with(pk, :claim) AND #reference IN ({', '.join(names)})",
            ExpressionAttributeNames={"#reference": "reference"},
            ExpressionAttributeValues={":claim": {"S": CLAIM}, **names},
            ConsistentRead=True,
        )
