"""Changes of contracts on a terminal."""

from rich.text import Text

from fanout.cli.output import print_indented, print_line
from fanout.contracts.compare.archive import Archive
from fanout.diff.contract_changes import ContractChanges
from fanout.diff.contract_table import CONVENTION, Told, example, verdict, who
from fanout.words import counted, printable

MOST_RULES = 5


def print_changes(found: ContractChanges, allowed: frozenset[str]) -> None:
    """Every type in a line, what breaks below it, and what was compared."""
    for each in found.types:
        _print_type(each, each.change.type in allowed)
    if found.archives:
        for type_, count in sorted(found.archives.unknown.items()):
            print_line(Text.assemble(("no schema", "yellow"), f" {count:,} archived events of {printable(type_)}"))
        if found.archives.unreadable:
            what = f" {counted(found.archives.unreadable, 'archived file')}: no JSON object with a type"
            print_line(Text.assemble(("not read", "yellow"), what))
    broken = [each for each in found.types if each.is_breaking and each.change.type not in allowed]
    changed = [each for each in found.types if each.change.status != "same"]
    text = f"{counted(len(broken), 'type')} broken, {counted(len(changed), 'type')} changed, {len(found.types)} in all"
    print_line(text, "bold red" if broken else "bold green")
    print_line(CONVENTION, "dim")


def _print_type(told: Told, allowed: bool) -> None:
    change = told.change
    label = "allowed" if allowed and told.is_breaking else verdict(told)
    style = "bold red" if told.is_breaking and not allowed else "yellow" if change.not_compared else "cyan"
    print_line(Text.assemble((label, style), " ", (printable(change.type), "bold")))
    for note in change.notes:
        print_indented(note)
    for found in change.breaks:
        print_indented(f"{found.where}: {found.message}")
        print_indented(f"  {who(told, found)}", "dim")
        print_indented(f"  {example(found)}", "dim")
    for each in change.not_compared:
        print_indented(f"not compared: {each}")
    if told.archive:
        _print_archive(told.archive)


def _print_archive(archive: Archive) -> None:
    refused = archive.refused.total()
    print_indented(
        f"archived: {refused:,} of {archive.events:,} would be refused, {archive.newly_refused:,} of them newly"
    )
    for rule, count in archive.refused.most_common(MOST_RULES):
        print_indented(f"  {count:,}: {rule}")
