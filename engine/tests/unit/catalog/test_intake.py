"""What an intake keeps, as the catalogue tells it: all of it, however small."""

from typing import Any

from fanout.catalog.intake import PERSON_DAYS, kept
from fanout.intake.subject import SECONDS
from fanout.template.template import Template


def intake(**told: Any) -> Template:
    """FormService-prod: a table and the function that fills it."""
    variables = {"FANOUT_INTAKE_TABLE": {"Ref": "Entries"}, "FANOUT_INTAKE_KEEP_SECONDS": "2592000", **told}
    web = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": variables}}}
    resources = {"Entries": {"Type": "AWS::DynamoDB::Table", "Properties": {}}, "Web": web}
    return Template({"Resources": resources}, name="FormService-prod")


def test_what_was_filled_in_and_the_keys_of_it_are_kept_for_different_times() -> None:
    assert kept(intake()) == [
        ("FormService's table", "what was filled in", "30 days after it was emitted; until then for ever"),
        ("FormService's table", "idempotency keys, as hashes", "7 days"),
    ]


def test_whom_entries_are_of_is_kept_longest_and_told() -> None:
    *_, row = kept(intake(FANOUT_INTAKE_SUBJECT_SECRET={"Ref": "Secret"}))
    what, how_long = "whose entries are whose, as keyed hashes of people", "3,660 days after the last of a month"
    assert row == ("FormService's table", what, how_long)
    assert PERSON_DAYS * 86_400 == SECONDS


def test_without_an_intake_nothing_is_kept_by_one() -> None:
    assert kept(None) == []
