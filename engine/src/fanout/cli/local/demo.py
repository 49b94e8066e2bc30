"""`fanout local demo`: from nothing to proof."""

from fanout.cli.local_command import DEMO, State, folder_of, local_command
from fanout.local.demo import demo as program


@local_command
def demo(state: State = None) -> int:
    """Go from nothing to proof: real events through every task; everything is stopped afterwards."""
    return 0 if program.demo(folder_of(state, DEMO)) else 1
