"""`fanout status` on the screen: fits 80 columns, and needs no colour to be understood."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from fanout.cli.output import foreign, table
from fanout.ops.aws.subscriber import DELIVERY, DIRECT, WORKER
from fanout.ops.status.health import UNKNOWN, Health
from fanout.ops.status.report import Report
from fanout.words import ago, counted, lasting, printable


def render(report: Report) -> RenderableType:
    """The stack, one row per subscriber, and then what needs a person, in sentences."""
    shown = table("task", "waiting", "in flight", "delayed", "oldest", "dead", "state", "max", right=_NUMBERS)
    for each in report.subscribers:
        shown.add_row(*_row(each))
    head = f"[bold]{escape(printable(report.stack.name))}[/]  {report.stack.status}  {report.stack.region}"
    topic = "" if report.subscriptions is None else f"  {report.subscriptions} subscriptions"
    parts: list[RenderableType] = [Text.from_markup(head + topic), "", shown, ""]
    errors = [line for each in report.subscribers for line in _last_error(each)]
    errors += [line for each in report.subscribers for line in _backfill(each)]
    errors += _silent(report.subscribers)
    parts += [*errors, ""] if errors else []
    return Group(*parts, *_verdict(report))


_NUMBERS = ("waiting", "in flight", "delayed", "oldest", "dead", "max")


def _row(each: Health) -> list[Text]:
    oldest = "-" if each.oldest_seconds is None or not each.waiting else lasting(each.oldest_seconds)
    has_queue = each.kind not in (DIRECT, DELIVERY)
    dead = Text(_number(each.dead, each.buries), "red bold" if each.dead else "")
    state = "paused" if each.pause and each.mapping != "Enabled" else each.mapping.lower()
    works = state in ("enabled", "subscribed") or (each.kind == WORKER and not each.pause)
    style = "green" if works else "yellow"
    return [
        foreign(each.task),
        *(Text(_number(number, has_queue)) for number in (each.waiting, each.in_flight, each.delayed)),
        Text(oldest),
        dead,
        foreign(state, style),
        Text("-" if each.kind == WORKER else _number(each.concurrency, has_queue and each.mapping == UNKNOWN)),
    ]


def _number(value: int | None, is_there: bool) -> str:
    """What is not known, and what is not there: without a queue nothing waits in one."""
    return str(value) if value is not None else "?" if is_there else "-"


def _last_error(each: Health) -> list[Text]:
    if each.last_error is None:
        return []
    line = each.last_error
    after = " (done again since)" if each.last_success and each.last_success > line.at else ""
    return [foreign(f"last error {each.task}: {line.error_type}: {line.error}, {ago(line.at)} ago{after}")]


def _silent(subscribers: list[Health]) -> list[Text]:
    """No last error there means nothing."""
    of = ", ".join(each.task for each in subscribers if not each.has_runtime)
    return (
        [foreign(f"what takes the messages of {of} has no fanout.runtime: whether it fails, its own log says")]
        if of
        else []
    )


def _backfill(each: Health) -> list[Text]:
    if each.backfill is None:
        return []
    days = counted(each.backfill, "day")
    return [foreign(f"backfill of {each.task}, {days}, was not done: fanout replay {each.task} --backfill --dry-run")]


def _verdict(report: Report) -> list[Text]:
    lines = [Text.from_markup(f"[red]![/] {escape(printable(each))}") for each in report.problems]
    for health in report.subscribers:
        lines += [
            Text.from_markup(f"[red]![/] {escape(printable(health.task))}: {escape(printable(each))}")
            for each in health.problems
        ]
        lines += [
            Text.from_markup(f"[red]![/] {escape(printable(health.task))}: not read: {escape(printable(each))}")
            for each in health.unseen
        ]
    for alarm in report.alarms:
        said, runbook = _alarm(alarm)
        lines.append(Text.from_markup(f"[red]![/] ALARM {escape(printable(said))}{escape(printable(runbook))}"))
    return lines or [Text.from_markup("[green]nobody is needed[/]")]


def _alarm(alarm: dict[str, Any]) -> tuple[str, str]:
    """Its description's first line can stand alone; the runbook's place is another line of it."""
    said = str(alarm["says"] or alarm["name"]).splitlines()
    place = [line.removeprefix("Runbook: ") for line in said if line.startswith("Runbook: ")]
    return said[0], f" ({place[0]})" if place else ""
