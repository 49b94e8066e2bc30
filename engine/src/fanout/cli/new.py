"""`fanout new`: more of what an app has already."""

from __future__ import annotations

from typing import Annotated

import typer


def task(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The task's folder in lambdas/, as in sync_crm.")],
    event: Annotated[
        str | None, typer.Option(metavar="TYPE", help="The event it reads, where contracts/ has several.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the call into the stack, too.")] = False,
) -> None:
    """Add a task's folder and test, and show the call that subscribes it, or write it."""
    from fanout.project import find_root
    from fanout.scaffold.task import add_task

    made = add_task(find_root(), name, event=event, write_call=write)
    for path in made.files:
        typer.echo(f"made {path}")
    typer.echo(f"{'wrote' if write else 'write this'} in {made.place}:\n\n{made.call}\n")
    typer.echo("next: make snapshot docs test")
