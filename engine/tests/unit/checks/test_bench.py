"""Each situation of the bench is told as it is."""

import pytest

from tests.unit.checks.bench.cases import Case, cases, of_rules

CASES = [*cases(), *of_rules()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_situation_is_told_as_it_is(case: Case) -> None:
    rules = case.rules()
    assert set(case.finds) <= rules
    assert not rules & set(case.spares)


def test_no_two_cases_have_one_name() -> None:
    assert len({each.id for each in CASES}) == len(CASES)


def messages(case: str) -> str:
    (one,) = [each for each in CASES if each.id == case]
    return " ".join(f"{each.message} {each.fix}" for each in one.findings())


def test_a_fix_can_be_followed_and_a_number_has_all_its_digits() -> None:
    said = messages("queues: both keep fourteen days, the most there is")
    assert "1209600 s, not longer than the 1209600 s" in said and "to 1123200 (13 days)" in said
    assert "e+06" not in said


def test_no_invocation_at_all_is_said_in_words_of_its_own() -> None:
    assert "no invocation runs at all" in messages("functions: no invocation at all")
