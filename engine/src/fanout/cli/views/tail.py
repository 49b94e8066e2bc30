"""`fanout tail` on the screen: one line per outcome."""

from rich.text import Text

from fanout.ops.aws.line import Line
from fanout.ops.dead_letters.causes import Cause
from fanout.words import printable

_STYLES = {"done": "green", "duplicate": "cyan", "heartbeat": "dim", "failed": "yellow", "dead": "red"}


def render(task: str, line: Line) -> Text:
    """No answers: a log line holds none."""
    text = Text(f"{line.at:%H:%M:%S} {printable(task):<20} ", no_wrap=True, overflow="ignore")
    text.append(f"{printable(line.kind):<9}", style=_STYLES.get(line.kind, ""))
    text.append(printable(f" attempt {line.attempt}  event {line.event_id or '-'}  group {line.ids.group or '-'}"))
    if line.duration_ms is not None:
        text.append(f"  {line.duration_ms:.0f} ms")
    if line.error_type:
        cause = Cause.from_error(line.error_type, line.error)
        text.append(printable(f"  {cause.id} {line.error_type}: {line.error}"))
    return text
