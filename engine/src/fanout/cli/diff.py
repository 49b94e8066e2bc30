"""`fanout diff`: what a deployment would do, in the words of queues."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from fanout.cli.output import print_indented, print_line
from fanout.costs.changes import CostChange, cost_changes, cost_markdown, in_one_line
from fanout.diff.allowances import FILE, read_allowances
from fanout.diff.allowances import allow as allow_changes
from fanout.diff.change import KINDS, Change
from fanout.diff.compare import compare_stacks
from fanout.diff.contract_changes import BROKEN, FOLDER, as_changes, compare_contracts
from fanout.diff.contract_table import Told
from fanout.diff.contract_table import markdown as contract_markdown
from fanout.diff.revisions import Compared, read_both
from fanout.diff.table import Summary, markdown, summarize
from fanout.errors import Unusable, UserError
from fanout.project import find_root
from fanout.template.coverage import Unseen, unseen_in
from fanout.words import counted, printable, printable_lines

SNAPSHOTS = Path("tests/snapshots")


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A template, a folder of templates such as cdk.out, or a git revision.")
    ],
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="The same; by default cdk.out, else the snapshots as they are now.")
    ] = "",
    format: Annotated[Format, typer.Option(help="How to print the changes.")] = Format.TABLE,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A danger that is meant: change, or change:resource.")
    ] = None,
    snapshots: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where a git revision keeps its templates.")
    ] = SNAPSHOTS,
) -> int:
    """Say what a deployment would do: replaced queues, lost alarms, new subscribers.

    A danger that is meant is allowed by --allow, or by an entry of allowed-changes.toml in the app's root.
    Exit status: 0 nothing dangerous, 1 a danger that is not allowed, 2 unusable input.
    """
    names = frozenset(allow or ())
    _refuse_unknown(names)
    allowances = read_allowances(find_root() / FILE)
    compared = read_both(old, new, snapshots)
    contracts, without = _contracts(old, new, compared)
    every = [*compare_stacks(compared.old, compared.new), *as_changes(contracts)]
    changes, notes = allow_changes([each.allow(names) for each in every], allowances, date.today())
    dearer = cost_changes(compared.old, compared.new)
    unseen = [
        *(Unseen(name, "all of it", why) for name, why in compared.left_out.items()),
        *_unseen(compared),
        *without,
    ]
    if format is Format.JSON:
        print(json.dumps([each.as_dict() for each in changes] + [_as_change(each) for each in unseen], indent=2))
    elif format is Format.MARKDOWN:
        allowed = frozenset(each.resource for each in changes if each.allowed and each.kind == BROKEN)
        parts = (
            markdown(changes),
            cost_markdown(dearer),
            contract_markdown(contracts, allowed) + _markdown_unseen(unseen),
        )
        print(printable_lines("\n".join(parts)).rstrip())
    else:
        _print_table(summarize(changes), changes, dearer, unseen)
    print(f"compared {compared.places[0]} with {compared.places[1]}", file=sys.stderr)
    for note in notes:
        print(f"{FILE}: {note}", file=sys.stderr)
    return 1 if any(each.danger and not each.allowed for each in changes) else 0


def _refuse_unknown(names: frozenset[str]) -> None:
    for name in sorted(names):
        kind = KINDS.get(name.partition(":")[0])
        if kind is None or not kind.danger:
            dangers = ", ".join(each.name for each in KINDS.values() if each.danger)
            raise Unusable(f"--allow {name}: no such danger; expected one of {dangers}")


def _contracts(old: str, new: str, compared: Compared) -> tuple[Sequence[Told], list[Unseen]]:
    """What the schemas of a git revision have become: of files that were given, nobody knows which schemas are theirs."""
    if Path(old).exists() or not FOLDER.is_dir():
        return (), []
    head = "" if not new or Path(new).exists() else new
    try:
        found = compare_contracts(old, head, templates=compared.new.values())
    except UserError as error:
        return (), [Unseen(FOLDER.name, old, " ".join(str(error).split()))]
    open_ones = [
        Unseen(FOLDER.name, each.change.type, what) for each in found.types for what in each.change.not_compared
    ]
    return found.types, open_ones


def _unseen(compared: Compared) -> list[Unseen]:
    """What could have changed without a word: of both sides, each once. Who reads a queue elsewhere is no matter of a diff."""
    sides = (list(each.values()) for each in (compared.old, compared.new))
    return list(dict.fromkeys(each for side in sides for each in unseen_in(side, elsewhere=False)))


def _as_change(unseen: Unseen) -> dict[str, str | bool]:
    """With the keys of a change."""
    where = {"stack": unseen.template, "resource": unseen.where, "path": unseen.where}
    return {"change": "unseen", "danger": False, "allowed": False, **where, "message": unseen.what}


def _markdown_unseen(unseen: list[Unseen]) -> str:
    return "".join(f"\n- not compared: {each}" for each in unseen)


def _print_table(rows: list[Summary], changes: list[Change], dearer: list[CostChange], unseen: list[Unseen]) -> None:
    for each in rows:
        style = "bold red" if each.label == "danger" else "cyan" if each.label == "allowed" else "dim"
        print_line(Text.assemble((each.label, style), " ", (each.kind, "bold"), f" {printable(each.path)}"))
        print_indented(f"{each.message} ({each.stacks})")
        if each.label == "danger":
            print_line(f"  {KINDS[each.kind].what} If it is meant: --allow {each.kind}, or {FILE}", "dim")
    if line := in_one_line(dearer):
        print_line(printable(line))
    dangers = sum(each.danger and not each.allowed for each in changes)
    for one in unseen:
        print_line(Text.assemble(("not compared", "yellow"), " ", printable(str(one))))
    none = "no changes in what was seen" if unseen else "no changes"
    summary = f"{counted(dangers, 'danger')}, {counted(len(changes), 'change')} in all" if changes else none
    print_line(summary, "bold red" if dangers else "bold green")
