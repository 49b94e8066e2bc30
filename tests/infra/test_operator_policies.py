"""What the two policies for operators allow, and that it ends at the stack."""

from typing import Any

from tests.infra.reading import Template, actions, dead_letter_queues, statements, target, task_queues

CHANGES = {
    "sqs:DeleteMessage",
    "sqs:SendMessage",
    "sqs:TagQueue",
    "sqs:UntagQueue",
    "lambda:UpdateEventSourceMapping",
    "lambda:UntagResource",
    "sns:Publish",
}
KEYS = {"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKey*"}


def policy(template: Template, output: str) -> list[dict[str, Any]]:
    return statements(template["Resources"][target(template["Outputs"][output]["Value"])])


def queues_of(granted: list[dict[str, Any]], action: str) -> set[str]:
    """The logical ids of what `action` is allowed on."""
    found = [each["Resource"] for each in granted if action in actions(each)]
    return {target(one) for each in found for one in (each if isinstance(each, list) else [each])}


def test_looking_changes_nothing(template: Template) -> None:
    allowed = {action for each in policy(template, "OperatorReadPolicyArn") for action in actions(each)}
    assert not allowed & CHANGES
    assert all(
        action.split(":")[1].startswith(("Get", "List", "Describe", "Filter"))
        for action in allowed - {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "kms:Decrypt"}
    )


def test_no_operator_uses_up_an_attempt_of_an_event_that_is_alive(template: Template) -> None:
    granted = policy(template, "OperatorReadPolicyArn") + policy(template, "OperatorHealPolicyArn")
    for action in ("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"):
        assert queues_of(granted, action) == set(dead_letter_queues(template)), action


def test_healing_sends_to_the_tasks_own_queues_and_nowhere_else(template: Template) -> None:
    granted = policy(template, "OperatorHealPolicyArn")
    assert queues_of(granted, "sqs:SendMessage") == set(task_queues(template))
    assert {action for each in granted for action in actions(each)} <= CHANGES | KEYS


def test_only_what_takes_no_resource_is_allowed_on_everything(template: Template) -> None:
    both = policy(template, "OperatorReadPolicyArn") + policy(template, "OperatorHealPolicyArn")
    anywhere = {action for each in both if each["Resource"] == "*" for action in actions(each)}
    assert anywhere == {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "lambda:ListEventSourceMappings",
        "sns:GetSubscriptionAttributes",
    }
