"""`fanout init`: a new team's repository."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty, or not there yet.")],
    product: Annotated[
        str | None, typer.Option(metavar="NAME", help="What stacks are called by, as in MyShop; else by the folder.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="TYPE", help="The first event's type; order.placed.v1 unless given.")
    ] = None,
    subscriber_of: Annotated[
        str | None, typer.Option(metavar="TOPIC_ARN", help="Only subscribe to this topic of another team.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="WHEEL", help="The engine's wheel: a file, or https://...#sha256=...; else this one."),
    ] = None,
) -> None:
    """Write a new team's repository: app, stack, one task, contract, tests, workflows, and the engine it runs on."""
    from fanout.scaffold.engine import choose_engine
    from fanout.scaffold.folder import check_new
    from fanout.scaffold.naming import Names, product_of, topic_arn
    from fanout.scaffold.repository import DEFAULT_EVENT, write_repository

    check_new(folder)
    names = Names(product or product_of(folder.resolve().name), event or DEFAULT_EVENT)
    topic = topic_arn(subscriber_of) if subscriber_of else None
    write_repository(folder, names, choose_engine(engine), topic)
    typer.echo(f"{folder}: {names.product} with the task archive_{names.noun} of {names.event}")
    typer.echo(f"next: cd {quote(str(folder))} && git init && make demo && make test")
