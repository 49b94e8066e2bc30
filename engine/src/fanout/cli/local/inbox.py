"""`fanout local inbox`: the e-mails and webhooks that the embedded AWS and its receiver took in."""

from datetime import datetime
from typing import Annotated, Any

import typer

from fanout.cli.local_command import State, folder_of, local_command
from fanout.cli.options import Json
from fanout.cli.output import say_json
from fanout.errors import Unusable
from fanout.local.console import console
from fanout.local.inbox import inbox as everything
from fanout.local.run import Run


@local_command
def inbox(
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show bodies and subjects too: they may hold answers.")
    ] = False,
    as_json: Json = False,
    state: State = None,
) -> None:
    """List the e-mails and webhooks that tasks sent on this machine."""
    run = Run(folder_of(state))
    if not run.is_running():
        raise Unusable("the embedded AWS does not run: `fanout local up` first")
    found = everything(run.evidence(), reveal=reveal)
    if as_json:
        say_json(found)
        return
    for each in found["emails"]:
        _show(f"e-mail   to {', '.join(each['to'])}  from {each['from']}", each)
    for each in found["webhooks"]:
        at = datetime.fromtimestamp(each["received_at"])
        _show(f"webhook  POST {each['path']}  {each['bytes']} bytes  at {at:%H:%M:%S}  answered {each['answer']}", each)
    if not found["emails"] and not found["webhooks"]:
        console.print("nothing came in")


def _show(line: str, each: dict[str, Any]) -> None:
    console.print(line, markup=False, soft_wrap=True)
    for name in ("subject", "body"):
        if name in each:
            console.print("\n".join(f"    {part}" for part in str(each[name]).splitlines()), markup=False, style="dim")
