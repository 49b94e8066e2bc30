"""What is kept outlives its stack, and not a creation that failed."""

import pytest

from fanout.checks.engine import check_template


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ({"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain"}, "it is paid for"),
        ({"Type": "AWS::SecretsManager::Secret", "DeletionPolicy": "Retain"}, "it is paid for"),
        (
            {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "letters"}},
            "the name 'letters' is taken",
        ),
        ({"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}, None),
        ({"Type": "AWS::KMS::Key", "DeletionPolicy": "RetainExceptOnCreate"}, None),
        ({"Type": "AWS::KMS::Key"}, None),
    ],
)
def test_a_failed_creation_leaves_nothing_that_costs_or_blocks(resource: dict[str, object], told: str | None) -> None:
    found = [
        each.message
        for each in check_template({"Resources": {"It": resource}})
        if each.rule == "kept-at-failed-creation"
    ]
    assert len(found) == bool(told)
    assert told is None or told in found[0]


def test_the_advice_keeps_nothing_of_a_failed_creation() -> None:
    body = {"Metadata": {"fanout": {"production": True}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    (found,) = [each for each in check_template(body) if each.rule == "deleted-with-stack"]
    assert "RetainExceptOnCreate" in found.fix and "RETAIN_ON_UPDATE_OR_DELETE" in found.fix
