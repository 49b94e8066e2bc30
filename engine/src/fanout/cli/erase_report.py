"""What `fanout erase` prints: counts by place, never content."""

from collections.abc import Sequence

from fanout.cli.output import foreign, print_line
from fanout.ops.erase.wanted import Finding, Removal


def print_findings(found: Sequence[Finding]) -> None:
    for each in found:
        print_line(foreign(f"{each.place}: {each.blocked or each.what}"), "yellow" if each.blocked else "")
        for line in each.notes:
            print_line(foreign(f"  {line}"))
        for line in each.completeness.unseen:
            print_line(foreign(f"  not looked at: {line}"), "yellow")


def print_removals(removals: Sequence[Removal], left: Sequence[str], *, told: bool) -> None:
    for each in removals:
        if each.removed:
            print_line(foreign(f"{each.place}: {each.removed} removed"))
    for line in left:
        print_line(foreign(line), "red")
    if left:
        print_line("not done: what is above is left", "red")
        return
    print_line("looked again: nothing of it is left where this command looks")
    if told:
        print_line("an event of the erasure was published")


def print_beyond(lines: Sequence[str]) -> None:
    print_line("beyond its reach:")
    for each in lines:
        print_line(foreign(f"  {each}"))
