"""Whatever goes wrong in a command is one line and exit status 2: no traceback, and nothing of a message's text."""

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fanout.cli.main import main
from fanout.words import counted

CANARY = "canary-7f3a"


class Command:
    """Stands for the tree of commands."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self.run = run

    def main(self, **_: Any) -> Any:
        return self.run()


def raising(error: BaseException) -> Callable[[], Any]:
    def run() -> Any:
        raise error

    return run


def ended(run: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as caught:
        main(Command(run))
    return caught.value.code, capsys.readouterr().err


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    "error",
    [
        TypeError(CANARY),
        KeyError(CANARY),
        RecursionError(CANARY),
        AssertionError(CANARY),
        UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
        Unspeakable(CANARY),
        OSError(CANARY),
        ExceptionGroup(CANARY, [ValueError(CANARY)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_exception_is_one_line_with_its_type_and_no_answers(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = ended(raising(error), capsys)
    assert status == 2 and said.count("\n") == 1 and CANARY not in said
    assert said.startswith(f"error: {type(error).__name__} in ")


def test_the_place_is_the_innermost_one_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise LookupError(CANARY)

    _, said = ended(lambda: counted(Odd(), "event"), capsys)  # type: ignore[arg-type]
    assert said.startswith("error: LookupError in fanout/words.py, line ")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device"), "error: No space left on device\n"),
        (PermissionError(13, "Permission denied", "/x\x1b[2J"), "error: /x\\x1b[2J: Permission denied\n"),
        (ModuleNotFoundError("no jsonpatch", name="jsonpatch"), "needs fanout[cli]: install that extra"),
    ],
)
def test_what_a_system_refuses_says_what_and_where(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = ended(raising(error), capsys)
    assert status == 2 and line in said and said.count("\n") == 1


def test_a_closed_standard_input_has_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)

    def run() -> int:
        with sys.stdin as given:
            return int(given.isatty() or bool(given.read()))

    assert ended(run, capsys) == (0, "")


def test_output_that_cannot_be_written_in_the_end_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    assert ended(lambda: 0, capsys) == (2, "error: No space left on device\n")
