"""A stack of the last version is updated to the table of records, and keeps the table that it has."""

import copy
from typing import Any

from fanout.diff.compare import compare
from fanout.template.template import Template as Read
from tests.infra.reading import Template, of_type, statements


def before(template: Template) -> dict[str, Any]:
    """As the last version wrote it: no index, no output, nothing of records where a target can tell."""
    old: dict[str, Any] = copy.deepcopy(dict(template))
    del old["Outputs"]["RecordsTableName"]
    (table,) = of_type(old, "AWS::DynamoDB::Table").values()
    del table["Properties"]["GlobalSecondaryIndexes"]
    table["Properties"]["AttributeDefinitions"] = table["Properties"]["AttributeDefinitions"][:1]
    for function in of_type(old, "AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        if variables.pop("FANOUT_IDEMPOTENT", None):
            del variables["FANOUT_COMPLETED_TABLE"], variables["FANOUT_COMPLETED_SECONDS"]
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for policy in of_type(old, kind).values():
            kept = [each for each in statements(policy) if "dynamodb" not in str(each["Action"])]
            policy["Properties"]["PolicyDocument"]["Statement"] = kept
    return old


def test_the_update_from_the_table_of_completed_events_is_no_danger(template: Template) -> None:
    old = before(template)
    assert of_type(old, "AWS::DynamoDB::Table").keys() == of_type(template, "AWS::DynamoDB::Table").keys()
    found = list(compare(Read(old, name="a"), Read(dict(template), name="a")))
    assert found and not [each for each in found if each.danger]
