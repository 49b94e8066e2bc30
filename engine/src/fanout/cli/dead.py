"""`fanout dead ...`: the signatures of the commands about dead letters; what they do is in the files they import."""

from collections.abc import Callable
from typing import Annotated

import typer

from fanout.cli.dead_edit import drop, edit, export, import_
from fanout.cli.dead_redrive import redrive
from fanout.cli.options import Json, SomeTask, Target, aws_command, connect, journal_of, require_reason

dead = typer.Typer(
    name="dead", help="Dead-letter messages: list, show, redrive, edit, export, import, drop.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(help="The message's or the event's id, or the event's reference.")]
OfTask = Annotated[str | None, typer.Option("--task", help="Look into this task's dead-letter queue only.")]
Limit = Annotated[int, typer.Option(help="Look at so many messages of a queue at most.", min=1, max=10_000)]


@aws_command
def list_(
    target: Target,
    task: SomeTask = None,
    limit: Limit = 1_000,
    as_json: Json = False,
) -> int:
    """Say what died and why, by cause. Looking hides a message for a second or two, and never longer than a minute."""
    from fanout.cli.output import console, say_json
    from fanout.ops.dead_letters import summary

    found = connect(target)
    summaries = summary.collect(found.chosen(task), limit=limit)
    if as_json:
        say_json([each.as_dict() for each in summaries])
    else:
        console.print(summary.render(summaries))
    return int(any(each.problem for each in summaries))


@aws_command
def show(
    target: Target,
    id_: Id,
    reveal: Annotated[bool, typer.Option("--reveal", help="With answers; needs --reason, and is journalled.")] = False,
    reason: Annotated[str, typer.Option(help="Why the answers must be seen.")] = "",
    task: OfTask = None,
    as_json: Json = False,
) -> None:
    """Show one dead letter: its event without answers, its attributes, and every attempt with its cause."""
    from fanout.cli.output import console, say_json
    from fanout.ops.dead_letters import show as showing
    from fanout.ops.journal import about

    why = require_reason(reason) if reveal else ""
    at = connect(target)
    found = showing.search(at, id_, task)
    if reveal:
        told = about(found.message, task=found.subscriber.task, reason=why)
        journal_of(at, "dead show").write("revealed", **told)
    if as_json:
        say_json(found.as_dict(reveal=reveal))
    else:
        console.print(showing.render(found, reveal=reveal))


_IN_THE_ORDER_OF_NEED: dict[str, Callable[..., object]] = {
    "list": list_,
    "show": show,
    "redrive": redrive,
    "edit": edit,
    "export": export,
    "import": import_,
    "drop": drop,
}
for name, command in _IN_THE_ORDER_OF_NEED.items():
    dead.command(name)(command)
