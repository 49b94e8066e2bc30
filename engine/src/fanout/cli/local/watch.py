"""`fanout local watch`: a saved file runs at once on the embedded AWS."""

from fanout.cli.local_command import State, folder_of, local_command
from fanout.local.run import Run
from fanout.local.watch import watch as program


@local_command
def watch(state: State = None) -> None:
    """Run a saved task at once on the embedded AWS, deploy a changed stack, and show what the tasks log."""
    program.watch(Run(folder_of(state)))
