"""`fanout dead list` on the screen."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from fanout.cli.output import foreign, table
from fanout.ops.dead_letters.summary import DeadLetterSummary
from fanout.words import ago, counted, printable


def render(summaries: Sequence[DeadLetterSummary]) -> RenderableType:
    """A table for each task that has any."""
    parts: list[RenderableType] = []
    for each in summaries:
        if each.problem:
            parts += [Text.assemble(("! ", "red"), foreign(f"{each.task}: {each.problem}")), ""]
        elif each.groups:
            parts += [*_table(each), *_unseen(each), ""]
        else:
            parts += _unseen(each)
    empty = [each.task for each in summaries if not (each.groups or each.problem or _unseen(each))]
    if empty:
        parts.append(Text.assemble(("no dead letters: ", "green"), foreign(", ".join(empty))))
    return Group(*parts)


def _table(summary: DeadLetterSummary) -> list[RenderableType]:
    total = max(summary.total, summary.seen)
    head = Text.assemble(foreign(summary.task, "bold"), "  ", (counted(total, "dead letter"), "red"))
    shown = table(
        "cause", "count", "first", "last", "why, and one of them", right=("count",), fold=("why, and one of them",)
    )
    for group in summary.groups:
        why = foreign(group.cause)
        beats = f", {group.heartbeats} of {group.count} are heartbeats" if group.heartbeats else ""
        again = (
            f", {summary.redriven[group.cause]} of {group.count} redriven before"
            if summary.redriven[group.cause]
            else ""
        )
        why.append(f"\n{printable(group.sample)}{beats}{again}", style="dim")
        shown.add_row(group.cause.id, str(group.count), ago(group.first), ago(group.last), why)
    return [head, shown]


def _unseen(summary: DeadLetterSummary) -> list[RenderableType]:
    """What the table says nothing of."""
    lines = [f"not looked at: {each}" for each in summary.completeness.unseen]
    if summary.unread:
        lines.append(
            f"{counted(len(summary.unread), 'dead letter')} cannot be read (export and drop take them as they are)"
        )
    return [foreign(f"! {summary.task}: {'; '.join(lines)}", "yellow")] if lines else []
