"""What --dry-run of `fanout dead redrive` and `fanout dead drop` tells."""

from typing import Any

from fanout.cli.output import console, say_json
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.redrive.frozen import Frozen
from fanout.words import counted


def print_preview(
    subscriber: DeployedSubscriber, frozen: Frozen, as_json: bool, *, doing: str, hint: str = "", run: str | None = None
) -> int:
    """How many dead letters of which cause, the newest first; the exit status, 1 when not all of the queue was seen."""
    if as_json:
        say_json({"task": subscriber.task, **_facts(frozen), **({"frozen": run} if run else {})})
        return int(not frozen.completeness)
    for each, number in frozen.causes.items():
        console.print(f"{number} that died of {each.id} {each}")
    if frozen.unread:
        console.print(f"{counted(len(frozen.unread), 'dead letter')} cannot be read")
    again = f", {frozen.redriven} of them redriven before" if frozen.redriven else ""
    console.print(
        f"{counted(len(frozen), 'dead letter')} of {subscriber.task} would {doing}{again}; nothing was changed"
    )
    for unseen in frozen.completeness.unseen:
        console.print(f"not looked at: {unseen}", style="yellow", soft_wrap=True)
    if hint and len(frozen):
        console.print(hint, soft_wrap=True)
    return int(not frozen.completeness)


def _facts(frozen: Frozen) -> dict[str, Any]:
    listed = [{"cause": each.id, "why": str(each), "count": number} for each, number in frozen.causes.items()]
    return {
        "would_send": len(frozen),
        "causes": listed,
        "looked_at": frozen.seen,
        "redriven_before": frozen.redriven,
        "cannot_be_read": sorted(frozen.unread),
        "complete": bool(frozen.completeness),
        "unseen": list(frozen.completeness.unseen),
    }
