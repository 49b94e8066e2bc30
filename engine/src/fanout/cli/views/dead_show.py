"""`fanout dead show` on the screen."""

import json

from rich.console import Group, RenderableType
from rich.text import Text

from fanout.cli.output import foreign, table
from fanout.ops.dead_letters.message import CAUSE
from fanout.ops.dead_letters.show import Found, links
from fanout.words import ago, printable, printable_lines


def render(found: Found, *, reveal: bool) -> RenderableType:
    message = found.message
    told = found.as_dict(reveal=reveal)
    rows = table("", "", fold=("",))
    rows.show_header = False
    for name, value in (
        ("task", found.subscriber.task),
        ("message", message.message_id),
        ("event", message.event_id or "-"),
        ("group", message.ids.group or "-"),
        ("reference", message.ids.reference or "-"),
        ("redriven before", "yes" if found.redriven else "not by this journal"),
        ("sent", f"{message.sent_at.isoformat(timespec='seconds')} ({ago(message.sent_at)} ago)"),
        ("cause", f"{found.cause.id}  {found.cause}"),
        ("attributes", ", ".join(f"{key}={value}" for key, value in told["attributes"].items() if key != CAUSE) or "-"),
    ):
        rows.add_row(Text(name, style="bold"), foreign(value))
    body = Text(
        printable_lines(
            json.dumps(told["event"], indent=2, ensure_ascii=False) if message.event else str(told["event"])
        )
    )
    return Group(rows, "", body, "", *_attempts(found))


def _attempts(found: Found) -> list[RenderableType]:
    unread = [foreign(f"! not read: {each}", "yellow") for each in found.completeness.unseen]
    if not found.attempts:
        where = "what was read of the log" if unread else "the log"
        return [foreign(f"no attempt is in {where}: {found.cause}"), *unread]
    shown = table("attempt", "outcome", "when", "why", right=("attempt",), fold=("why",))
    for each in found.attempts:
        why = foreign(f"{each.error_type}: {each.error}" if each.error_type else "")
        why.append(f"\nrequest {printable(str(each.request_id))}", style="dim")
        if each.trace_id:
            why.append(f"\ntrace {printable(str(each.trace_id))}", style="dim")
        shown.add_row(str(each.attempt), foreign(each.kind), f"{each.at.isoformat(timespec='seconds')}", why)
    last = links(found.subscriber, found.attempts[-1]) if found.subscriber.aws.is_aws else {}
    return [
        shown,
        *unread,
        *([""] if last else []),
        *(Text(f"{name} of the last: {url}", style="dim", overflow="fold") for name, url in last.items()),
    ]
