"""What `make -C engine bench` decides, keeps and prints. What it measures is measured there, and never here."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import __main__ as program
from benchmarks import suite
from benchmarks.harness import report, results
from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import Say, environment, interleaved, run
from benchmarks.harness.rows import Goal, Row, at_least, at_most, row
from benchmarks.harness.samples import Samples
from tests.places import ENGINE

DOCUMENT = f"before\n\n{report.BEGIN}\nold\n{report.END}\n\nafter\n"


def unheard(text: str) -> None:
    """What `say` says, here."""


def named(name: str, value: float = 1) -> Row:
    return row(name, value, unit="ms")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A room of its own with the benchmarks `fast` and `slow`; slow misses its goal."""

    def measured(benchmark: str, say: Say) -> list[Row]:
        return [row(f"{benchmark}: all", {"fast": 1, "slow": 3}[benchmark], unit="s", goal=at_most(2))]

    monkeypatch.setattr(program, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(program, "DOCUMENT", tmp_path / "performance.md")
    monkeypatch.setattr(program, "names", lambda: ["fast", "slow"])
    monkeypatch.setattr(program, "measured", measured)
    monkeypatch.setattr(program, "stop_on_all", lambda: None)
    monkeypatch.setattr(report, "caption", lambda benchmarks, known: f"of {', '.join(benchmarks)}")
    (tmp_path / "performance.md").write_text(DOCUMENT)
    return tmp_path


def kept(room: Path) -> dict[str, float]:
    return {each["name"]: each["value"] for each in json.loads((room / "results.json").read_text())}


def test_variants_take_turns_after_an_uncounted_round() -> None:
    calls: list[str] = []

    def variant(name: str, values: Iterator[float]) -> float:
        calls.append(name)
        return next(values)

    ours, theirs = iter([9, 1, 3, 2]), iter([9, 4, 4, 8])
    measured = interleaved(
        {"ours": lambda: variant("ours", ours), "theirs": lambda: variant("theirs", theirs)}, rounds=3, say=unheard
    )
    assert calls == ["ours", "theirs"] * 4
    assert measured == {"ours": Samples((1, 3, 2)), "theirs": Samples((4, 4, 8))}


def test_a_row_has_the_median_the_lowest_and_the_highest() -> None:
    made = row("sync", Samples((5, 1, 3)), unit="ms", floor=0.5)
    assert (made.value, made.min, made.max, made.floor, made.peer) == (3, 1, 5, 0.5, None)
    assert (made.ratio, made.goal, made.met) == (None, None, None)


@pytest.mark.parametrize(
    ("goal", "met"),
    [(at_most(2), True), (at_most(1.9), False), (at_least(2), True), (at_least(2.1), False)],
)
def test_an_absolute_goal_judges_the_median(goal: Goal, met: bool) -> None:
    assert row("sync", Samples((1, 2, 9)), unit="ms", peer=100, goal=goal).met is met


def test_a_relative_goal_judges_the_median_of_each_rounds_ratio() -> None:
    ours, peer = Samples((1, 10, 100)), Samples((1, 5, 200))  # ratios 1, 2, 0.5; the ratio of the medians is 2
    made = row("sync", ours, unit="ms", peer=peer, goal=at_most(1.5, of="peer"))
    assert (made.ratio, made.met, made.goal) == (1, True, "at most 1.5 x peer")


def test_a_row_is_judged_before_it_is_rounded() -> None:
    made = row("sync", 2.00001, unit="ms", goal=at_most(2))
    assert (made.value, made.met) == (2, False)


def test_a_goal_against_what_was_not_measured_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="no floor was measured"):
        row("sync", 1, unit="ms", peer=1, goal=at_most(2, of="floor"))


@pytest.mark.parametrize("values", [(), (1.0, float("nan")), (float("inf"),)])
def test_nothing_measured_is_no_result(values: tuple[float, ...]) -> None:
    with pytest.raises(BenchmarkError, match="measured nothing"):
        Samples(values)


def test_two_variants_of_different_rounds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        Samples((1, 2)).ratio(Samples((1,)))


def test_one_benchmark_replaces_its_rows_and_no_others() -> None:
    old = [named("a: one"), named("b: gone"), named("b: two"), named("c: three"), named("removed: x")]
    new = [named("b: two", 7), named("b: new", 8)]
    made = results.merged(old, new, benchmark="b", known=["a", "b", "c"])
    assert [(each.name, each.value) for each in made] == [("a: one", 1), ("b: two", 7), ("b: new", 8), ("c: three", 1)]


def test_results_are_a_list_of_rows_that_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert results.read(file) == []
    rows = [row("a: x", Samples((1, 2)), unit="ms", floor=1, peer=Samples((4, 4)), goal=at_most(0.5, of="peer"))]
    results.write(file, rows)
    (written,) = json.loads(file.read_text())
    assert {"name", "value", "unit", "floor", "peer", "goal", "met"} <= set(written)
    assert results.read(file) == rows
    assert list(tmp_path.iterdir()) == [file]


def test_results_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text('[{"name": "a"}]')
    with pytest.raises(BenchmarkError, match="delete it"):
        results.read(file)


def test_a_run_keeps_its_rows_and_writes_the_table(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["fast"]) == 0
    assert kept(room) == {"fast: all": 1}
    text = (room / "performance.md").read_text()
    assert text.startswith("before\n\n") and text.endswith("\n\nafter\n") and "old" not in text
    assert "of fast" in text
    assert "| fast: all | 1 s |  |  |  |  | at most 2 | yes |" in text
    assert capsys.readouterr().err == ""


def test_a_missed_goal_is_said_and_ends_with_1(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([]) == 1
    assert kept(room) == {"fast: all": 1, "slow: all": 3}
    assert "| at most 2 | NO |" in (room / "performance.md").read_text()
    assert capsys.readouterr().err == "error: goals missed: slow: all\n"


def test_an_unknown_name_is_one_line(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["fast", "fats"]) == 1
    assert capsys.readouterr().err == "error: no benchmark 'fats': there are fast, slow\n"
    assert not (room / "results.json").exists()


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "interrupted: the results of benchmarks that ended are kept\n"),
        (BenchmarkError("the emulator\nwent away"), 1, "error: the emulator went away\n"),
    ],
)
def test_what_ended_before_an_interrupt_or_an_error_is_kept(
    room: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    line: str,
) -> None:
    before = program.measured

    def measured(benchmark: str, say: Say) -> list[Row]:
        if benchmark == "slow":
            raise raised
        return before(benchmark, say)

    monkeypatch.setattr(program, "measured", measured)
    assert program.main([]) == code
    assert capsys.readouterr().err == line
    assert kept(room) == {"fast: all": 1}


def test_a_document_without_its_markers_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"{report.END} {report.BEGIN}")
    with pytest.raises(BenchmarkError, match="for the table"):
        report.write(document, [named("a: x")], "caption")
    assert document.read_text() == f"{report.END} {report.BEGIN}"


def test_the_table_on_the_terminal_has_every_cell() -> None:
    made = row("a: x", Samples((1, 2, 3)), unit="ms", floor=1, peer=4, goal=at_most(1, of="peer"))
    console = Console(width=200)
    with console.capture() as captured:
        console.print(report.table([made]))
    assert all(cell in captured.get() for cell in report.cells(made))
    assert report.cells(made) == ("a: x", "2 ms", "1 to 3", "1 ms", "4 ms", "0.5 x", "at most 1 x peer", "yes")


def test_a_program_that_fails_measured_nothing() -> None:
    with pytest.raises(BenchmarkError, match="ended with 3: why"):
        run(["sh", "-c", "echo why >&2; exit 3"], environment=environment())


def test_programs_run_as_make_runs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("CDK_VALIDATION", "true")
    made = environment(CDK_OUTDIR="elsewhere")
    assert "PYTHONDONTWRITEBYTECODE" not in made
    assert (made["CDK_VALIDATION"], made["CDK_OUTDIR"]) == ("false", "elsewhere")


def test_every_benchmark_says_how_often_it_measures() -> None:
    for name in program.names():
        text = (program.HERE / f"{name}.py").read_text()
        assert text.startswith('"""') and "def measure(say: Say) -> Iterator[Row]:" in text, name
        assert re.search(r"\b(rounds?|count)\b", text.split('"""')[1]), f"{name}: its docstring says how many rounds"


def test_what_is_timed_is_what_make_unit_runs() -> None:
    (command,) = re.findall(r"^unit:.*\n\t\$\(PYTEST\) (.*)$", (ENGINE / "Makefile").read_text(), re.MULTILINE)
    assert shlex.split(command) == suite.UNIT[5:]
