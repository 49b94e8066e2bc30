"""Dangers that are meant are entries of a committed file; what is wrong with the file is one line."""

from datetime import date
from pathlib import Path

import pytest

from fanout.diff.allowances import Allowance, allow, read_allowances
from fanout.diff.change import Change
from fanout.errors import Unusable

TODAY = date(2026, 11, 26)
REMOVED = Change("subscriber-removed", "OrderEvents-dev", "SyncCrmQueue1234", "SyncCrm/Queue", "the task is gone")
GOOD = 'change = "subscriber-removed"\nresource = "SyncCrm/Queue"\nreason = "retired"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "allowed-changes.toml"
    path.write_text(text)
    return path


def test_an_entry_allows_its_danger_at_its_resource_and_nowhere_else() -> None:
    other = Change("subscriber-removed", "OrderEvents-dev", "OtherQueue", "Other/Queue", "the task is gone")
    entry = Allowance("subscriber-removed", "SyncCrm/Queue", "retired")
    changes, notes = allow([REMOVED, other], [entry], TODAY)
    assert [each.allowed for each in changes] == [True, False]
    assert notes == []


@pytest.mark.parametrize("resource", ["SyncCrmQueue1234", "SyncCrm/Queue", "OrderEvents-dev/SyncCrm/Queue"])
def test_a_resource_is_named_by_id_by_path_or_by_stack_and_path(resource: str) -> None:
    ((change,), _) = allow([REMOVED], [Allowance("subscriber-removed", resource, "retired")], TODAY)
    assert change.allowed


def test_an_entry_that_allows_nothing_any_more_is_told() -> None:
    _, notes = allow([], [Allowance("subscriber-removed", "SyncCrm/Queue", "retired")], TODAY)
    assert notes == ["subscriber-removed:SyncCrm/Queue allows nothing: remove the entry"]


@pytest.mark.parametrize(("until", "allowed"), [(date(2026, 11, 26), True), (date(2026, 11, 25), False)])
def test_an_entry_holds_up_to_its_last_day(until: date, allowed: bool) -> None:
    entry = Allowance("subscriber-removed", "SyncCrm/Queue", "retired", until)
    ((change,), notes) = allow([REMOVED], [entry], TODAY)
    assert change.allowed is allowed
    assert notes == (
        [] if allowed else ["subscriber-removed:SyncCrm/Queue was allowed until 2026-11-25: remove the entry"]
    )


def test_the_file_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, f"[[allow]]\n{GOOD}until = 2026-12-31\n")
    assert read_allowances(path) == [
        Allowance("subscriber-removed", "SyncCrm/Queue", "retired", date(2026, 12, 31)),
    ]
    assert read_allowances(tmp_path / "none.toml") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[allow", "not TOML"),
        ("[allow]\n", "expected nothing but [[allow]] entries"),
        (f"[[allows]]\n{GOOD}", "expected nothing but [[allow]] entries"),
        ("allow = [1]\n", "entry 1 is 1: expected change, resource and reason"),
        (f"[[allow]]\n{GOOD}why = 1\n", "entry 1: unknown key 'why'"),
        ('[[allow]]\nchange = "queue-removed"\nresource = "Q"\n', "entry 1: reason is None: expected a text"),
        (f"[[allow]]\n{GOOD}".replace('"retired"', '" "'), "entry 1: reason is ' ': expected a text"),
        (f"[[allow]]\n{GOOD}".replace("subscriber-removed", "all"), "entry 1: change is 'all': expected one of stack-"),
        (f"[[allow]]\n{GOOD}".replace("subscriber-removed", "subscriber-added"), "change is 'subscriber-added'"),
        (f'[[allow]]\n{GOOD}until = "soon"\n', "entry 1: until is 'soon': expected a date"),
        (f"[[allow]]\n{GOOD}until = 2026-12-31T00:00:00\n", "expected a date"),
    ],
)
def test_what_is_wrong_with_the_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Unusable) as raised:
        read_allowances(written(tmp_path, text))
    assert said in str(raised.value) and "\n" not in str(raised.value)
