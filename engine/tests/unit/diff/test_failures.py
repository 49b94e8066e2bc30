"""What a function, a rule or a schedule gives up: kept no more, or given up sooner than before."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from fanout.diff.change import KINDS
from fanout.diff.compare import compare
from fanout.template.template import Template

Json = dict[str, Any]
LETTERS = {"Fn::GetAtt": ["Letters", "Arn"]}
BEFORE: Json = {
    "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1_209_600}},
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Called": {"Type": "AWS::Lambda::Function"},
    "Calls": {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Called"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 1,
            "MaximumEventAgeInSeconds": 3_600,
            "DestinationConfig": {"OnFailure": {"Destination": LETTERS}},
        },
    },
    "Older": {"Type": "AWS::Lambda::Function", "Properties": {"DeadLetterConfig": {"TargetArn": LETTERS}}},
    "Rule": {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "DeadLetterConfig": {"Arn": LETTERS}}]
        },
    },
    "Schedule": {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "ScheduleExpression": "rate(1 day)",
            "Target": {
                "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RoleArn": "arn:aws:iam::111111111111:role/r",
                "DeadLetterConfig": {"Arn": LETTERS},
            },
        },
    },
}
Spoil = Callable[[Json], object]


def dangers(spoil: Spoil) -> set[tuple[str, str]]:
    after = copy.deepcopy(BEFORE)
    spoil(after)
    found = compare(Template({"Resources": BEFORE}, name="a"), Template({"Resources": after}, name="a"))
    return {(each.kind, each.resource) for each in found if KINDS[each.kind].danger}


def feed(stack: Json, name: str) -> Json:
    """From a queue, and no more by a call that waits for no answer."""
    source = {"FunctionName": {"Ref": name}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    stack["Mapping"] = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source}
    return stack


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda to: to["Calls"]["Properties"].pop("DestinationConfig"), ("dead-letter-queue-lost", "Called")),
        (lambda to: to.pop("Calls"), ("dead-letter-queue-lost", "Called")),
        (lambda to: to["Older"].pop("Properties"), ("dead-letter-queue-lost", "Older")),
        (
            lambda to: to["Rule"]["Properties"]["Targets"][0].pop("DeadLetterConfig"),
            ("dead-letter-queue-lost", "Rule"),
        ),
        (
            lambda to: to["Schedule"]["Properties"]["Target"].pop("DeadLetterConfig"),
            ("dead-letter-queue-lost", "Schedule"),
        ),
        (lambda to: to["Calls"]["Properties"].update(MaximumRetryAttempts=0), ("attempts-lowered", "Called")),
        (lambda to: to["Calls"]["Properties"].update(MaximumEventAgeInSeconds=60), ("retention-shortened", "Called")),
    ],
)
def test_what_gives_up_sooner_or_keeps_nothing_is_a_danger(spoil: Spoil, told: tuple[str, str]) -> None:
    assert dangers(spoil) == {told}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda to: None,
        lambda to: to["Calls"]["Properties"].update(MaximumRetryAttempts=2, MaximumEventAgeInSeconds=21_600),
        lambda to: to["Calls"]["Properties"].update(MaximumRetryAttempts={"Fn::ImportValue": "tries"}),
        lambda to: to["Calls"]["Properties"]["DestinationConfig"]["OnFailure"].update(Destination="arn:aws:sqs:x:1:y"),
        lambda to: (to.pop("Calls"), feed(to, "Called")),
        lambda to: (to["Older"].pop("Properties"), feed(to, "Older")),
    ],
)
def test_what_loses_nothing_that_is_given_up_is_no_danger(spoil: Spoil) -> None:
    """A function that a queue feeds from now on has that queue's own dead letters."""
    assert dangers(spoil) == set()
