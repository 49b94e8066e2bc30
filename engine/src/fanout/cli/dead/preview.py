"""What --dry-run of `fanout dead redrive` and `fanout dead drop` tells."""

from fanout.cli.output import console, say_json
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.redrive.preview import preview
from fanout.words import counted


def print_preview(subscriber: DeployedSubscriber, selection: Selection, as_json: bool, *, doing: str) -> int:
    """How many dead letters of which cause; the exit status."""
    causes, seen, complete = preview(subscriber, selection, limit=1_000)
    if as_json:
        listed = [{"cause": each.id, "why": str(each), "count": number} for each, number in causes.items()]
        facts = {"would_send": sum(causes.values()), "causes": listed, "looked_at": seen, "complete": complete}
        say_json({"task": subscriber.task, **facts})
        return 0
    for each, number in causes.items():
        console.print(f"{number} that died of {each.id} {each}")
    more = "" if complete else f" among the first {seen}; there are more"
    console.print(
        f"{counted(sum(causes.values()), 'dead letter')} of {subscriber.task} would {doing}{more}; nothing was changed"
    )
    return 0
