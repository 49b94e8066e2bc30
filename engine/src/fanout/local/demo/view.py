"""The demo on the screen."""

import json
from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from fanout.local.app import Task
from fanout.local.console import console
from fanout.local.demo.filtered import is_filtered_out
from fanout.local.demo.verdicts import DEAD, DONE, FILTERED, RETRYING, WAITING, Verdict
from fanout.local.evidence import Evidence
from fanout.publisher import Event

_STYLES = {DONE: "green", DEAD: "red", RETRYING: "yellow", WAITING: "dim", FILTERED: "dim"}


def table_of(verdicts: Sequence[Verdict]) -> Table:
    caption = "ms: from publish to done, with the cold starts of the functions; ✓ before an outcome: as expected"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", caption=caption)
    table.caption_justify = "left"
    table.add_column("event", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("delivered", justify="center")
    table.add_column("attempts", justify="right")
    table.add_column("outcome", no_wrap=True)
    table.add_column("ms", justify="right")
    table.add_column("evidence", overflow="fold")
    shown = ""
    for each in verdicts:
        table.add_row(escape(each.name) if each.name != shown else "", *_row(each))
        shown = each.name
    return table


def _row(each: Verdict) -> list[str]:
    mark = {True: "[green]✓[/]", False: "[red bold]✗[/]", None: " "}[each.as_expected]
    return [
        each.task,
        "✓" if each.delivered else "",
        str(each.attempts or ""),
        f"{mark} [{_STYLES[each.status]}]{each.status}[/]",
        f"{each.milliseconds:.0f}" if each.milliseconds is not None else "",
        escape(each.evidence),
    ]


def show_evidence(evidence: Evidence, tasks: Sequence[Task], events: Sequence[Event]) -> None:
    """What each task did with the first event that it gets, as the outside world got it."""
    for task in tasks:
        subscriber = evidence.stack.subscriber(task.name)
        event = next((each for each in events if not is_filtered_out(subscriber, each)), None)
        if event is None:
            continue
        for title, text, subtitle in task.show(evidence, event):
            content = Group(escape(text), f"[green]{escape(subtitle)}[/]") if subtitle else escape(text)
            console.print(Panel(content, title=escape(title), title_align="left", border_style="dim"))


def show_dead_letters(evidence: Evidence, tasks: Sequence[Task], names: Mapping[str, str]) -> None:
    """Where the failed one is, why, and that it is nowhere else. `names` are of the events by their ids."""
    for task in tasks:
        letters = evidence.dead_letters(task.name)
        console.print(f"dead-letter queue of {task.name}: {'' if letters else '[green]empty[/]'}")
        causes = {each.event_id: each.error for each in evidence.attempts(task.name) if each.error}
        for letter in letters:
            id_ = json.loads(letter.get("Body", "{}"))["id"]
            told = f"  {id_} ({names.get(id_, 'not of this demo')}): {causes.get(id_, 'cause unknown')}"
            console.print(f"[red]{escape(told)}[/]", soft_wrap=True)
