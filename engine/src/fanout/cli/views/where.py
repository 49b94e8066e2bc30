"""`fanout where` on the screen."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from fanout.cli.output import foreign, table
from fanout.ops.timeline.state import DEAD, DONE, FILTERED_OUT, NOT_FOUND, OTHER_TOPIC, EventState
from fanout.words import printable, printable_lines

_STYLES = {DONE: "green", DEAD: "red", FILTERED_OUT: "dim", OTHER_TOPIC: "dim"}
_WORDS = {NOT_FOUND: "not seen"}
"""What was not seen is not told as absent."""


def render(states: Sequence[EventState]) -> RenderableType:
    shown = table("task", "state", "attempts", "what is known", right=("attempts",), fold=("what is known",))
    for each in states:
        told = Text(printable_lines(each.said()))
        for line in each.attempts[:-1]:
            if line.error_type:
                why = printable(f"attempt {line.attempt}: {line.error_type}: {line.error}")
                told.append(f"\n{line.at.isoformat(timespec='seconds')} {why}", style="dim")
        shown.add_row(
            foreign(each.task),
            Text(_WORDS.get(each.state, each.state), style=_STYLES.get(each.state, "yellow")),
            str(each.attempt),
            told,
        )
    return shown
