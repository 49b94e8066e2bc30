"""`fanout diff`: what a deployment would do, in the words of queues."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from fanout.cli.output import print_indented, print_line, printable
from fanout.costs.changes import CostChange, cost_changes, cost_markdown, in_one_line
from fanout.diff.change import KINDS, Change
from fanout.diff.compare import compare_stacks
from fanout.diff.revisions import read
from fanout.diff.table import Told, markdown, told
from fanout.errors import Unusable
from fanout.words import counted

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
        str, typer.Argument(metavar="NEW", help="The same; by default the committed snapshots as they are now.")
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

    Exit status: 0 nothing dangerous, 1 a danger that is not allowed by name, 2 unusable input.
    """
    names = frozenset(allow or ())
    _refuse_unknown(names)
    try:
        before, after = read(old, snapshots), read(new or str(snapshots), snapshots)
        changes = [each.allow(names) for each in compare_stacks(before, after)]
    except Unusable as error:
        raise Unusable(str(error)) from None
    if format is Format.JSON:
        print(json.dumps([each.as_dict() for each in changes], indent=2))
    elif format is Format.MARKDOWN:
        print(printable_lines(markdown(changes) + "\n" + cost_markdown(cost_changes(before, after))).rstrip())
    else:
        _print_table(told(changes), changes, cost_changes(before, after))
    return 1 if any(each.danger and not each.allowed for each in changes) else 0


def _refuse_unknown(names: frozenset[str]) -> None:
    for name in sorted(names):
        kind = KINDS.get(name.partition(":")[0])
        if kind is None or not kind.danger:
            dangers = ", ".join(each.name for each in KINDS.values() if each.danger)
            raise Unusable(f"--allow {name}: no such danger; expected one of {dangers}")


def printable_lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _print_table(rows: list[Told], changes: list[Change], dearer: list[CostChange]) -> None:
    for each in rows:
        style = "bold red" if each.label == "danger" else "cyan" if each.label == "allowed" else "dim"
        print_line(Text.assemble((each.label, style), " ", (each.kind, "bold"), f" {printable(each.path)}"))
        print_indented(f"{each.message} ({each.stacks})")
        if each.label == "danger":
            print_line(f"  {KINDS[each.kind].what} If it is meant: --allow {each.kind}", "dim")
    if line := in_one_line(dearer):
        print_line(printable(line))
    dangers = sum(each.danger and not each.allowed for each in changes)
    summary = f"{counted(dangers, 'danger')}, {counted(len(changes), 'change')} in all" if changes else "no changes"
    print_line(summary, "bold red" if dangers else "bold green")
