"""A terminal that no text of other people can command: what every console of ours is."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment

from fanout.words import printable_lines


def guarded(console: Console) -> Console:
    """The console, which from now on escapes control characters in whatever it prints. Its own colours and moves stay."""
    console.push_render_hook(_NoControl())
    return console


class _Printable:
    """What `of` shows, where no text moves the cursor, colours the screen or turns the reading direction."""

    def __init__(self, of: RenderableType) -> None:
        self.of = of

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for each in console.render(self.of, options):
            yield each if each.control else Segment(printable_lines(each.text), each.style)


class _NoControl(RenderHook):
    """For whatever a command prints: views use `foreign`, so that what is escaped is counted in their widths."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Printable(each) for each in renderables]
