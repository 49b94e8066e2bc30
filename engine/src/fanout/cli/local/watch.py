"""`fanout local watch`: a saved file runs at once on the embedded AWS."""

from functools import partial

from fanout.cli.local_command import State, agree, folder_of, left_running, local_command
from fanout.cli.options import Yes
from fanout.local.run import Run
from fanout.local.watch import watch as program


@local_command
def watch(yes: Yes = False, state: State = None) -> None:
    """Run a saved task at once on the embedded AWS, deploy a changed stack, and show what the tasks log."""
    run = Run(folder_of(state))
    with left_running(run):
        program.watch(run, partial(agree, yes=yes))
