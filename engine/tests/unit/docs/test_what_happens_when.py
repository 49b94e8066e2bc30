"""docs/what-happens-when.md: each row is shown by a test that exists, and every fault of the matrix has its row."""

import re

import pytest

from tests.faults.plan import ALL
from tests.places import ENGINE

PAGE = ENGINE / "docs" / "what-happens-when.md"
COLUMNS = ["when", "the event", "you see", "cause", "matrix", "shown by"]
LINK = re.compile(r"\[(test_\w+)\]\((\.\./tests/[\w/]+\.py)\)")


def rows() -> list[dict[str, str]]:
    lines = PAGE.read_text().partition("## What happens\n")[2].partition("\n## ")[0].strip().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]
    assert cells[0] == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells[2:]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["when"])
def test_each_row_is_shown_by_a_test_that_exists(row: dict[str, str]) -> None:
    links = LINK.findall(row["shown by"])
    assert links
    for name, path in links:
        assert re.search(rf"^def {name}\(", (PAGE.parent / path).read_text(), re.MULTILINE), f"{path} has no {name}"


def test_every_fault_of_the_matrix_has_its_row() -> None:
    named = [name for row in rows() for name in re.findall(r"`([\w-]+)`", row["matrix"])]
    assert sorted(named) == sorted(fault.name for fault in ALL)


def test_a_dead_letter_of_every_row_leads_to_its_cause() -> None:
    ways = set(re.findall(r"^\| \*\*(\w)\*\*", PAGE.read_text(), re.MULTILINE))
    for row in rows():
        assert set(row["cause"].split(", ")) - {""} <= ways
        if "dead" in row["the event"] and "redriven" not in row["when"]:
            assert row["cause"], f"nothing joins the letter to its cause: {row['when']}"
