"""`fanout erase`: one person's data, found and removed wherever a command can reach it, and looked for again."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from fanout import names
from fanout.cli.aws_command import Target, aws_command, confirm, connect, require_reason
from fanout.cli.erase_report import print_beyond, print_findings, print_removals
from fanout.cli.options import DryRun, Json, Reason, Yes, own_names
from fanout.cli.output import console, errors, print_line, report_to, say, say_json
from fanout.contracts.app import app_contracts, known_contracts
from fanout.contracts.contract import Contract
from fanout.errors import Unusable, UserError
from fanout.ops.aws import tombstones
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.tombstones import Tombstone
from fanout.ops.erase.beyond import Here, beyond, files_here
from fanout.ops.erase.erasure import Erasure, is_seen, learn_from_records, not_gone, places_of
from fanout.ops.erase.event import erasure_types, event_of, publish
from fanout.ops.erase.places.archive import Scope
from fanout.ops.erase.places.intake import IntakeTable, references_of
from fanout.ops.erase.wanted import Finding, Removal, Wanted
from fanout.ops.intake import beside as intake_of
from fanout.ops.journal import Journal
from fanout.ops.redrive.report import not_too_often
from fanout.ops.replay.archive import Archive
from fanout.ops.replay.selection import Selection
from fanout.publisher import Event
from fanout.words import counted

_REFERENCE: Final = own_names(known_contracts().reference_names)


@aws_command
def erase(
    target: Target,
    reason: Reason,
    reference: Annotated[
        list[str] | None,
        typer.Option("--reference", *_REFERENCE, metavar="ID", help="The reference of their event; several times."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="EMAIL", help="Whose entries: what an intake indexes; - reads it from stdin."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Look into the archive from this day on alone, in UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day of it; else today.")] = None,
    every_object: Annotated[
        bool, typer.Option("--every-object", help="Read all of the archive, also where the records tell the days.")
    ] = False,
    bucket: Annotated[
        str | None, typer.Option("--bucket", metavar="NAME", help="The archive; else the stack's output says it.")
    ] = None,
    intake_stack: Annotated[
        str | None, typer.Option("--intake-stack", metavar="STACK", help="With the intake; else the one beside it.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Find and remove one person's data: intake, dead letters, archive with all versions; then look again.

    Run it again after a stop, even a kill. Exit status 1: something is left, or was not looked at.
    """
    why = require_reason(reason)
    _check(reference or [], person)
    person = _first_line() if person == "-" else person
    stack = connect(target)
    stack.require_deployed("fanout erase")
    intake, unseen = intake_of(stack, intake_stack)
    people: set[str] = set()
    if person is None:
        chosen = frozenset(each.strip() for each in reference or [])
    else:
        chosen, people = references_of(intake, person)
    if not chosen:
        say("the index of the intake's entries knows nobody by that: nothing was changed", as_json, found=[], done=True)
        return 0
    wanted = Wanted(chosen)
    archive = Archive.of(stack, bucket) if bucket or names.ARCHIVE_BUCKET_OUTPUT in stack.outputs else None
    scope = _scope(archive, since, until, every_object)
    learn_from_records(stack, wanted)
    hashes = [tombstones.digest(each) for each in sorted(wanted.references)]
    journal = Journal.open(stack, "erase", references=hashes, reason=why, dry_run=dry_run, by_person=person is not None)
    with report_to(errors if as_json or not console.is_terminal else console) as report:
        table = intake.outputs[names.INTAKE_TABLE_OUTPUT] if intake else None
        entries = IntakeTable(stack.aws, table, people, person is not None) if table else None
        places = places_of(stack, archive=archive, scope=scope, intake=entries)
        erasure = Erasure(stack, wanted, places, journal, not_too_often(report))
        command = _Command(stack, erasure, intake is not None, unseen, yes, as_json)
        return command.count() if dry_run else command.run()


def _check(references: list[str], person: str | None) -> None:
    """Raises Unusable."""
    if bool(references) is (person is not None) or any(not each.strip() for each in (*references, person or "-")):
        raise Unusable(f"whose data? give {' or '.join(['--reference', *_REFERENCE])} ID, or --subject EMAIL")
    if not any(each.reference for each in app_contracts()):
        raise Unusable(
            'no contract says which property is its reference ("x-fanout": ["reference"]): nobody can be found'
        )


def _first_line() -> str:
    """Of standard input. Raises Unusable."""
    try:
        line = sys.stdin.readline()
        line.encode()  # half a surrogate stands for a byte that is no UTF-8, as the locale may say
    except UnicodeError:
        line = ""
    if not line.strip() or line.startswith("\ufeff"):
        raise Unusable(
            "whose data? the first line of standard input has to be their address: it is blank, begins with a byte-order mark,"
            " or is no UTF-8"
        )
    return line


def _scope(archive: Archive | None, since: str | None, until: str | None, every_object: bool) -> Scope | None:
    """None: as the records tell. Raises Unusable."""
    if until and not since:
        raise Unusable("--to belongs to --from")
    if every_object and since:
        raise Unusable("--every-object reads all of the archive: leave out --from")
    if since and archive is None:
        raise Unusable("--from is about the archive, and there is none: give --bucket")
    if every_object:
        return Scope()
    if since is None or archive is None:
        return None
    chosen = Selection.from_options(
        since, until, archive.now(), group=None, types=[], missing=False, again=False, reason=None
    )
    return Scope(frozenset(chosen.days), only=True)


@dataclass
class _Command:
    stack: Stack
    erasure: Erasure
    has_intake: bool
    unseen: str | None
    yes: bool
    as_json: bool

    def count(self) -> int:
        """A dry run."""
        found = self.erasure.look()
        told = bool(erasure_types(app_contracts()))
        here = files_here(self.erasure.wanted)
        beyond_ = [*here.unread, *self._beyond(here, told)]
        complete = is_seen(found) and not here.unread
        if self.as_json:
            say_json({"found": [each.as_dict() for each in found], "beyond": beyond_, "complete": complete})
        else:
            print_findings(found)
            print_beyond(beyond_)
            print_line("nothing was changed")
        return int(not complete)

    def run(self) -> int:
        found = self.erasure.look()
        if any(each.blocked for each in found):
            for each in found:
                if each.blocked:
                    errors.print(each.blocked)
            errors.print("nothing was changed: a place that cannot be looked into could not be said to be empty")
            return 1
        types = erasure_types(app_contracts())
        if any(each.count for each in found):  # an event that cannot be made is told before anything is removed
            self._events(
                types, {each: Tombstone(datetime.now(UTC), self.erasure.wanted.group) for each in self._references}
            )
        if not self.as_json:
            print_findings(found)
        confirm(self._question(found), yes=self.yes)
        removals = self.erasure.remove(found)
        again = self.erasure.look({each.place: each.removed for each in removals})
        here = files_here(self.erasure.wanted)
        left = [f"{each.place}: {line}" for each in removals for line in each.left]
        left += [*not_gone(again), *here.unread]
        told = self._tell(types, left) if not left else False
        if not left and (why := self.erasure.forget()):
            left.append(why)
        done = not left
        removed = {each.place: each.removed for each in removals}
        self.erasure.journal.write("end", removed=removed, is_done=done, told=told, left=len(left))
        self._say(found, removals, left, self._beyond(here, told), told=told)
        return int(not done)

    @property
    def _references(self) -> list[str]:
        return sorted(self.erasure.wanted.references)

    def _question(self, found: list[Finding]) -> str:
        many = (
            ", ".join(f"{each.what} ({each.place})" for each in found if each.count) or "nothing, as nothing is found,"
        )
        of = counted(len(self._references), "reference")
        return f"erase {many} of {of} in {self.stack.label} for good, and keep a tombstone?"

    def _events(self, types: list[Contract], at: dict[str, Tombstone]) -> list[Event]:
        return [event_of(each, app_contracts(), one, at[one]) for each in types for one in self._references]

    def _tell(self, types: list[Contract], left: list[str]) -> bool:
        """Whether receivers were told; where they should be and were not, it is a line of `left`."""
        if not types:
            return False
        try:
            why = publish(self.stack, self._events(types, self.erasure.tombstones))
        except UserError as error:
            why = str(error)
        if why:
            left.append(f"receivers were not told: {why}")
        return not why

    def _beyond(self, here: Here, told: bool) -> list[str]:
        found = beyond(self.stack, here, intake=self.has_intake, told=told)
        return [*found, self.unseen] if self.unseen else found

    def _say(
        self, found: list[Finding], removals: list[Removal], left: list[str], beyond_: list[str], *, told: bool
    ) -> None:
        if self.as_json:
            removed = {each.place: each.removed for each in removals}
            facts = {"found": [each.as_dict() for each in found], "removed": removed, "left": left, "told": told}
            say_json({**facts, "beyond": beyond_, "done": not left})
            return
        print_removals(removals, left, told=told)
        print_beyond(beyond_)
