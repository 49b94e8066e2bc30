"""Movement on a terminal only: what a program reads are whole lines."""

import io

import pytest
from rich.console import Console

from fanout.cli.output import report_to


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "file"])
def test_progress_is_a_bar_on_a_terminal_and_a_line_anywhere_else(terminal: bool) -> None:
    written = io.StringIO()
    with report_to(Console(file=written, force_terminal=terminal, width=100, highlight=False)) as tell:
        tell("canary [sent]")
        tell("10 sent", 10, 30)
    assert "canary [sent]" in written.getvalue()
    assert ("━" in written.getvalue()) is terminal
    assert ("10 sent\n" in written.getvalue()) is not terminal
