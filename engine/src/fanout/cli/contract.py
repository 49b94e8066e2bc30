"""`fanout contract`: the app's schemas, as the Python package `events` with which tasks read events, and compared."""

import json
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.options import Json
from fanout.words import printable_lines

Contracts = Annotated[
    Path | None, typer.Option("--contracts", metavar="FOLDER", help="The schemas; else contracts/ of the app.")
]
Events = Annotated[
    Path | None, typer.Option("--events", metavar="FOLDER", help="The package; else lambdas/events/ of the app.")
]


TEMPLATES = (Path("cdk.out"), Path("tests/snapshots"))


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class FailOn(StrEnum):
    BREAKING = "breaking"
    UNSEEN = "unseen"


def build(contracts: Contracts = None, events: Events = None) -> None:
    """Write the Python package with which tasks read events."""
    from fanout.contracts.contract import load
    from fanout.contracts.generate import write

    source, target = _places(contracts, events)
    write(load(source), target)


def check(contracts: Contracts = None, events: Events = None) -> int:
    """Say whether that package is what the schemas say: exit status 1 when it is not. Changes nothing."""
    from fanout.contracts.contract import load
    from fanout.contracts.generate import stale

    source, target = _places(contracts, events)
    found = stale(load(source), target)
    if found:
        names = ", ".join(str(each) for each in found)
        typer.echo(f"{names}: not what the schemas in {source} say: run `fanout contract build`", err=True)
    return 1 if found else 0


def diff(
    base: Annotated[str, typer.Argument(metavar="BASE", help="A folder of schemas, or a git revision of contracts/.")],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The same; else contracts/ as it is now.")] = "",
    contracts: Annotated[
        Path, typer.Option("--contracts", metavar="FOLDER", help="Where a git revision keeps its schemas.")
    ] = Path("contracts"),
    templates: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="What says who takes a type; else cdk.out, else the snapshots."),
    ] = None,
    archived: Annotated[
        Path | None, typer.Option("--events", metavar="FOLDER", help="Archived events, *.json: how many are refused.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="A type that may break, as nobody has published it yet.")
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="What makes the exit status 1: what breaks, or also what was not compared.")
    ] = FailOn.BREAKING,
    format: Annotated[Format, typer.Option(help="How to print the changes.")] = Format.TABLE,
    as_json: Json = False,
) -> int:
    """Say what a change of the schemas breaks, for whom, and by which event: two revisions compared.

    Exit status: 0 nothing that breaks without a new version of its type, 1 something, 2 unusable input.
    """
    from fanout.cli.views.contracts import print_changes
    from fanout.diff.allowances import FILE, read_allowances
    from fanout.diff.contract_changes import allowed_types, compare_contracts
    from fanout.diff.contract_table import markdown
    from fanout.project import find_root
    from fanout.template.load import load

    read = templates or next((each for each in TEMPLATES if each.exists()), None)
    loaded = load(read) if read else None
    found = compare_contracts(base, head, contracts, templates=loaded, archived=archived)
    found.refuse_unknown(frozenset(allow or ()))
    allowed = frozenset(allow or ()) | allowed_types(read_allowances(find_root() / FILE), date.today())
    if as_json or format is Format.JSON:
        print(json.dumps(found.as_dict(allowed), indent=2))
    elif format is Format.MARKDOWN:
        print(printable_lines(markdown(found.types, allowed)).strip() or "No schema has changed.")
    else:
        print_changes(found, allowed)
    print(f"compared {found.places[0]} with {found.places[1]}", file=sys.stderr)
    open_ones = fail_on is FailOn.UNSEEN and not all(each.change.is_complete for each in found.types)
    return int(open_ones or any(each.is_breaking and each.change.type not in allowed for each in found.types))


def _places(contracts: Path | None, events: Path | None) -> tuple[Path, Path]:
    from fanout.project import find_root

    root = find_root()
    return contracts or root / "contracts", events or root / "lambdas" / "events"
