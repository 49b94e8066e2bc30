"""`fanout console`: the same in a browser."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from fanout.cli.aws_command import Target, aws_command, connect
from fanout.cli.output import console as screen
from fanout.cli.output import errors
from fanout.console.allowed import WORDS, read_allowed
from fanout.console.app import make_app
from fanout.console.console import Console
from fanout.console.limits import Limits, Prepare
from fanout.console.serve import Place, address, guard_of, listen, serve
from fanout.ops.aws.stack import Stack


@aws_command
def console(
    target: Target,
    port: Annotated[int | None, typer.Option(min=1, max=65535, metavar="PORT", help="Else 4577, or any.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in this machine's browser.")] = False,
    allow: Annotated[
        str | None, typer.Option(metavar="WORDS", help=f"What may be changed: some of {','.join(WORDS)}; else nothing.")
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Not loopback: only with TLS and a proxy that says who asks.")
    ] = "127.0.0.1",
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM; with --host.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM; with --host.")] = None,
    proxy: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The only one that may ask; with --host.")
    ] = None,
    identity_header: Annotated[
        str | None, typer.Option(metavar="NAME", help="In which the proxy says who asks; with --host.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="HOST", help="As browsers know it; with --host.")] = None,
    role: Annotated[
        str | None, typer.Option(metavar="ARN", help="Assumed to look, with the stack's operator-read policy alone.")
    ] = None,
) -> int:
    """Show the stack in a browser of this machine, and change only what --allow names. Until Ctrl-C."""
    place = Place(port, host, certificate, key, proxy, identity_header, name)
    place.check()
    allowed, limits = read_allowed(allow), Limits(role)

    def act(prepare: Prepare) -> Stack:
        found = connect(target, prepare)
        found.require_deployed("fanout console")
        return found

    def look(prepare: Prepare) -> Stack:
        return limits.cut_down(act(prepare), prepare)

    made = Console.made(look, act, allowed)
    told = made.stack.label
    with listen(place) as listener:
        guard = guard_of(place, listener.getsockname()[1])
        opened = address(place, listener.getsockname()[1], guard)
        for line in limits.said:
            errors.print(line)
        screen.print(f"the console of {told}\nopen {opened}", soft_wrap=True)
        if open_ and not webbrowser.open(opened):
            errors.print("no browser could be opened here: open the address yourself")
        serve(make_app(made, guard), place, listener)
    return 0
