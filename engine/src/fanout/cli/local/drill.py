"""`fanout local drill`: the night shift, rehearsed."""

from typing import Annotated

import typer

from fanout.cli.local_command import DRILL, State, folder_of, local_command
from fanout.local import drill as program


@local_command
def drill(
    task: Annotated[str | None, typer.Argument(help="To break; else BREAK of demo.py, or the first.")] = None,
    state: State = None,
) -> int:
    """Rehearse a night shift: a task breaks, fifty events die, and one CLI heals them; all is stopped afterwards."""
    return 0 if program.drill(folder_of(state, DRILL), task) else 1
