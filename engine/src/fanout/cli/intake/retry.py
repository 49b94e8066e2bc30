"""`fanout intake retry`: entries that SNS refused, given to it once more."""

from typing import Annotated

import typer

from fanout.cli.aws_command import INTERRUPTED, Target, aws_command, confirm
from fanout.cli.intake.connect import connect
from fanout.cli.options import DryRun, Json, Yes
from fanout.cli.output import say
from fanout.errors import Unusable
from fanout.ops.intake import Refused, look, retry
from fanout.ops.interrupt import stoppable
from fanout.ops.journal import Journal
from fanout.words import counted

Reference = Annotated[str | None, typer.Argument(metavar="REFERENCE", help="Of fanout intake status.")]


@aws_command
def retry_(
    target: Target,
    reference: Reference = None,
    everything: Annotated[bool, typer.Option("--all", help="Every entry that was refused.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Give entries that SNS refused to it once more, by the next sweep. What they hold is not changed."""
    if (reference is None) is not everything:
        raise Unusable("which entries? give a reference of fanout intake status, or --all")
    stack = connect(target)
    chosen = _chosen(look(stack).refused, reference)
    what = counted(len(chosen), "entry", "entries")
    if dry_run:
        say(
            f"would give {what} to the sweep again",
            as_json,
            would="retry",
            references=[each.reference for each in chosen],
        )
        return 0
    journal = Journal.open(stack, "intake retry", reference=reference, all=everything)
    confirm(f"give {what} of {stack.label} to SNS again?", yes=yes)
    with stoppable() as stop:
        done = retry(stack, chosen, journal, stop)
    line = f"{counted(len(done), 'entry is', 'entries are')} the next sweep's: fanout intake status, in a minute"
    say(line, as_json, retried=[each.reference for each in done])
    return INTERRUPTED if stop else 0


def _chosen(refused: list[Refused], reference: str | None) -> list[Refused]:
    chosen = [each for each in refused if reference in (None, each.reference)]
    if reference is not None and not chosen:
        raise Unusable(f"{reference} is not refused: fanout intake status lists those that are")
    return chosen
