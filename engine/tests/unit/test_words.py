"""The engine knows no app's events: its source has none of the words of this repository's app."""

import re
from pathlib import Path

import pytest

from tests.places import ENGINE

SOURCE = ENGINE / "src" / "fanout"
WORDS = {"form", "forms", "submission", "submissions", "submitted", "submitter", "submitters"}
DERIVED = SOURCE / "scaffold" / "files"
"""Written from the app by `python -m scaffold`, with tests of its own."""
PAGES = {SOURCE / "intake", SOURCE / "console"}
"""HTTP and HTML have that word themselves."""


def words(text: str) -> set[str]:
    """In lower case; FormSubmitted, form_id and FORM_EVENTS have two each."""
    apart = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", text)
    return {each.lower() for each in re.findall("[A-Za-z]+", apart)}


def found(folder: Path) -> list[str]:
    files = [each for each in sorted(folder.rglob("*")) if each.is_file() and "__pycache__" not in each.parts]
    lines = [
        (path, number, line)
        for path in files
        if not {DERIVED, *PAGES} & {*path.parents}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
    ]
    return [f"{path.relative_to(folder)}:{number}: {line}" for path, number, line in lines if words(line) & WORDS]


def test_no_file_of_the_engine_says_one_of_them() -> None:
    assert found(SOURCE) == []


@pytest.mark.parametrize("text", ["a form", "FormSubmitted", "form_id", "FORM_EVENTS", "aFormHere", "the submitter's"])
def test_a_word_is_seen_however_it_is_written(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"\n{text}\n")
    assert found(tmp_path) == [f"a.yaml:2: {text}"]


@pytest.mark.parametrize("text", ["information", "platform", "formatted", "transform", "resubmission"])
def test_a_part_of_another_word_is_not(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    assert found(tmp_path) == []
