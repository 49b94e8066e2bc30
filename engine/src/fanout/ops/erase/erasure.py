"""One erasure from beginning to end: look, keep a tombstone, remove, and look again.

Nothing of what was done has to be known by the run that goes on after a kill: it looks, and removes what it finds. The
tombstone comes first, so what is removed is not brought back beside it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws import records, tombstones
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.tombstones import Tombstone
from fanout.ops.erase.places.archive import ArchivedVersions, Scope
from fanout.ops.erase.places.attachments import AttachedObjects
from fanout.ops.erase.places.intake import IntakeTable
from fanout.ops.erase.places.letters import PATIENCE, Letters
from fanout.ops.erase.wanted import Finding, Place, Removal, Wanted, refusal
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import Report
from fanout.ops.replay.archive import Archive


@dataclass
class Erasure:
    stack: Stack
    wanted: Wanted
    places: Sequence[Place]
    journal: Journal
    report: Report
    tombstones: dict[str, Tombstone] = field(default_factory=dict)

    def look(self, removed: dict[str, int] | None = None) -> list[Finding]:
        """Every place; one that cannot be looked into says why. `removed`: how much of each, by this command, before."""
        found = [self._look(each, (removed or {}).get(each.name, 0)) for each in self.places]
        counts = {each.place: each.count for each in found}
        self.journal.write("looked" if removed is None else "looked again", counts=counts, blocked=_blocked(found))
        return found

    def remove(self, findings: Sequence[Finding]) -> list[Removal]:
        """Raises OpsError where there is no room for a tombstone, and what AWS says to it: nothing is removed then."""
        table = self.stack.outputs.get(names.RECORDS_TABLE_OUTPUT)
        if table is None:
            raise OpsError(
                f"the stack {self.stack.name} keeps no records, so nothing would keep an import from bringing it back:"
                " deploy it with a task that keeps them"
            )
        for each in sorted(self.wanted.references):
            self.tombstones[each] = tombstones.write(self.stack.aws, table, each, self.wanted.group)
        self.journal.write("tombstone", references=[tombstones.digest(each) for each in sorted(self.wanted.references)])
        return [self._remove(place, found) for place, found in zip(self.places, findings, strict=True)]

    def forget(self) -> str | None:
        """The index by which they were found, once all of it is gone; why it is still there, or None."""
        for each in self.places:
            if isinstance(each, IntakeTable) and each.by_person:
                try:
                    each.forget(self.wanted, self.journal)
                except (ClientError, BotoCoreError) as error:
                    return f"{each.name}: the index of people: {refusal(error)}"
        return None

    def _look(self, place: Place, removed: int) -> Finding:
        try:
            return place.find(self.wanted, self.report, removed=removed)
        except (ClientError, BotoCoreError) as error:
            return Finding(place.name, blocked=f"{place.name}: {refusal(error)}")

    def _remove(self, place: Place, found: Finding) -> Removal:
        if not found.count:
            return Removal(place.name)
        try:
            return place.remove(found, self.wanted, self.journal)
        except (ClientError, BotoCoreError) as error:
            return Removal(place.name, left=[refusal(error)])


def places_of(
    stack: Stack,
    *,
    archive: Archive | None,
    scope: Scope | None,
    intake: IntakeTable | None,
    patience: float = PATIENCE,
) -> list[Place]:
    """In an order in which each helps those after it."""
    found: list[Place] = [intake] if intake else []
    found += _letters(stack, patience)
    if bucket := stack.outputs.get(names.ATTACHMENTS_BUCKET_OUTPUT):
        found.append(AttachedObjects(stack.aws, bucket))
    return [*found, ArchivedVersions(archive, scope)] if archive else found


def _letters(stack: Stack, patience: float) -> list[Letters]:
    """Each by its task; where several have one, by their constructs' ids too, as what is removed is counted by these names."""
    found = stack.with_letters(None)
    many = Counter(each.task for each in found)
    return [
        Letters(each, f"dead letters of {each.task}{f' ({each.id})' if many[each.task] > 1 else ''}", patience)
        for each in found
    ]


def learn_from_records(stack: Stack, wanted: Wanted) -> None:
    """The ids of their events, and about when these happened: of every reference, or it is not known on which days."""
    table = stack.outputs.get(names.RECORDS_TABLE_OUTPUT)
    wanted.is_dated = table is not None
    for reference in wanted.references if table else ():
        keys, complete = records.ids_of_reference(stack.aws, str(table), reference)
        found = records.read(stack.aws, str(table), keys)
        wanted.event_ids |= {id_ for _, id_ in keys}
        for each in (one for many in found.of.values() for one in many):
            wanted.learn_time(each.first_at or each.at)
        wanted.is_dated &= bool(found.of) and bool(complete) and not found.odd and bool(found.completeness)


def _blocked(found: Sequence[Finding]) -> list[str]:
    return [each.place for each in found if each.blocked]


def is_seen(findings: Sequence[Finding]) -> bool:
    """Whether every place was looked through."""
    return not any(each.blocked or each.completeness.unseen for each in findings)


def not_gone(findings: Sequence[Finding]) -> list[str]:
    """Of the look after a removal: what is there still, or again, and what nobody could look at."""
    lines = [f"{each.place}: {each.what} still there, or new: run it again" for each in findings if each.count]
    lines += [each.blocked for each in findings if each.blocked]
    return [*lines, *(f"{each.place}: not looked at: {line}" for each in findings for line in each.completeness.unseen)]
