"""Movement on a terminal only: what a program reads are whole lines."""

import io

import pytest
from rich.console import Console

from fanout.cli import output
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


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_no_number_and_no_column_of_a_table_is_cut_off_however_narrow_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output.console, "width", width)
    shown = output.table("task", "waiting", "why", "dead", right=("waiting", "dead"), fold=("why",))
    shown.add_row("send_confirmation_to_customers", "123456", "the webhook answered 503 and nothing else", "2048")
    output.console.print(shown)
    said = capsys.readouterr().out
    assert all(each in said for each in ("send_confirmation_to_customers", "123456", "2048", "waiting", "dead", "503"))
