"""`fanout local status`: what runs on this machine, and how many messages wait where."""

from fanout.cli.local_command import State, folder_of, local_command
from fanout.cli.options import Json
from fanout.cli.output import say_json
from fanout.local.run import Run
from fanout.local.status import report, show


@local_command
def status(as_json: Json = False, state: State = None) -> None:
    """Say what runs on this machine, and how many messages wait where."""
    told = report(Run(folder_of(state)))
    if as_json:
        say_json(told)
    else:
        show(told)
