"""`fanout local down`: everything that `up` started is stopped."""

from contextlib import suppress

from fanout.cli.local_command import DEMO, DRILL, State, folder_of, local_command
from fanout.local.console import console
from fanout.local.errors import LocalError
from fanout.local.run import Run


@local_command
def down(state: State = None) -> None:
    """Stop everything that `up` started. What was in the embedded AWS is gone."""
    run = Run(folder_of(state))
    with run.state.lock(waiting=lambda: console.print("another `make up` is at work here: waiting")):
        was_running = run.down()
    console.print("stopped" if any([was_running, *map(_end_abandoned, (DEMO, DRILL))]) else "nothing ran")


def _end_abandoned(usual: str) -> bool:
    """Of a demo or a drill that was killed outright; one that is at work holds its lock and is left alone."""
    abandoned = Run(folder_of(None, usual))
    if not abandoned.is_running():
        return False
    with suppress(LocalError), abandoned.state.lock(waiting=lambda: None, patience=0):
        return abandoned.down()
    return False
