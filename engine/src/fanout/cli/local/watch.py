"""`fanout local watch`: a saved file runs at once on the embedded AWS."""

from functools import partial

from fanout.cli.local_command import State, agree, folder_of, local_command
from fanout.cli.options import Yes
from fanout.local.run import Run
from fanout.local.watch import watch as program


@local_command
def watch(yes: Yes = False, state: State = None) -> None:
    """Run a saved task at once on the embedded AWS, deploy a changed stack, and show what the tasks log."""
    program.watch(Run(folder_of(state)), partial(agree, yes=yes))
