"""`fanout intake status`: what people sent and no task has heard of yet."""

from fanout.cli.aws_command import Target, aws_command
from fanout.cli.intake.connect import connect
from fanout.cli.options import Json
from fanout.cli.output import console, foreign, say_json, table
from fanout.ops.intake import Waiting, look
from fanout.words import ago, counted, lasting


@aws_command
def status(target: Target, as_json: Json = False) -> int:
    """Say what an intake has stored and not emitted yet. Exit status 1: for more than five minutes, or refused for good."""
    found = look(connect(target))
    if as_json:
        say_json(found.as_dict())
    else:
        _show(found)
    return int(not found.is_well)


def _show(found: Waiting) -> None:
    if not found.count:
        console.print("nothing waits: all that was stored is emitted", soft_wrap=True)
    else:
        line = f"{counted(found.count, 'entry waits', 'entries wait')}, the oldest for {lasting(found.oldest_seconds)}"
        console.print(line, soft_wrap=True)
        rows = table("group", "waiting", right=("waiting",), fold=("group",))
        for group, count in sorted(found.by_group.items()):
            rows.add_row(foreign(group), str(count))
        console.print(rows)
    if found.refused:
        console.print(f"refused by SNS for good: {len(found.refused)}", style="red", soft_wrap=True)
        rows = table("reference", "group", "code", "stored", fold=("code",))
        for each in found.refused:
            rows.add_row(foreign(each.reference), foreign(each.group), foreign(each.code), ago(each.stored_at))
        console.print(rows)
