"""What every settings entry's template promises for every subscriber in it, whoever wrote the subscriber."""

import json

import pytest

from stacks import settings
from tests.reading import ROOT, Subscriber, Synth, as_list, of_type, subscribers, target

DAY = 86_400


@pytest.fixture(params=[each.name for each in settings.ALL])
def found(request: pytest.FixtureRequest, synth: Synth) -> list[Subscriber]:
    """The subscribers of each entry in turn."""
    return subscribers(synth[request.param])


def test_every_task_in_lambdas_has_a_subscriber(found: list[Subscriber]) -> None:
    folders = sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py"))
    assert folders
    assert sorted({each.task for each in found}) == folders


def test_queue_dead_letter_queue_and_function_belong_to_one_subscriber(found: list[Subscriber]) -> None:
    owned = [(each.queue_id, each.dead_letter_queue_id, target(each.mapping["FunctionName"])) for each in found]
    ids = [id_ for some in owned for id_ in some]
    assert len(set(ids)) == len(ids) == 3 * len(found)


def test_subscriptions_are_raw_and_keep_what_sns_cannot_deliver(found: list[Subscriber]) -> None:
    for each in found:
        assert each.subscription["RawMessageDelivery"] is True
        assert target(each.subscription["RedrivePolicy"]["deadLetterTargetArn"]) == each.dead_letter_queue_id


def test_dead_letters_are_kept_for_14_days_and_longer_than_messages(found: list[Subscriber]) -> None:
    for each in found:
        kept = each.dead_letter_queue["MessageRetentionPeriod"]
        assert kept == 14 * DAY > each.queue["MessageRetentionPeriod"]


def test_a_message_gets_three_attempts_at_least_and_all_before_its_queue_forgets_it(found: list[Subscriber]) -> None:
    for each in found:
        attempts = each.queue["RedrivePolicy"]["maxReceiveCount"]
        assert attempts >= 3
        assert attempts * each.queue["VisibilityTimeout"] < each.queue["MessageRetentionPeriod"]


def test_a_message_stays_hidden_while_its_function_may_still_work_on_it(found: list[Subscriber]) -> None:
    for each in found:
        window = each.mapping.get("MaximumBatchingWindowInSeconds", 0)
        assert each.queue["VisibilityTimeout"] >= 6 * each.function["Timeout"] + window


def test_one_bad_message_does_not_repeat_its_neighbours(found: list[Subscriber]) -> None:
    for each in found:
        assert each.mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert each.mapping.get("Enabled", True) is True and "FilterCriteria" not in each.mapping


def test_queues_are_encrypted_and_refuse_plain_http(found: list[Subscriber]) -> None:
    for each in found:
        for id_, queue in ((each.queue_id, each.queue), (each.dead_letter_queue_id, each.dead_letter_queue)):
            assert queue.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in queue
            denied = [
                statement["Condition"]
                for policy in of_type(each.template, "AWS::SQS::QueuePolicy").values()
                if id_ in [target(queue) for queue in policy["Properties"]["Queues"]]
                for statement in policy["Properties"]["PolicyDocument"]["Statement"]
                if statement["Effect"] == "Deny" and statement["Action"] == "sqs:*"
            ]
            assert denied == [{"Bool": {"aws:SecureTransport": "false"}}], id_


def test_the_first_dead_letter_rings(found: list[Subscriber]) -> None:
    for each in found:
        alarms = [alarm["Properties"] for alarm in of_type(each.template, "AWS::CloudWatch::Alarm").values()]
        watching = [
            alarm["AlarmActions"]
            for alarm in alarms
            if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
            and target(alarm["Dimensions"][0]["Value"]) == each.dead_letter_queue_id
            and alarm["Threshold"] == 0
        ]
        assert watching and all(watching), each.task


def test_a_function_may_use_no_service_as_a_whole_and_only_its_own_queues(found: list[Subscriber]) -> None:
    for each in found:
        own = {"sqs:ReceiveMessage": each.queue_id, "sqs:SendMessage": each.dead_letter_queue_id}
        seen = set()
        for statement in each.rights():
            actions = as_list(statement["Action"])
            assert not [action for action in actions if action.endswith(":*") or action == "*"], each.task
            if statement["Resource"] == "*":
                assert {action.partition(":")[0] for action in actions} == {"xray"}, each.task
            for action in own.keys() & set(actions):
                assert [target(resource) for resource in as_list(statement["Resource"])] == [own[action]], each.task
                seen.add(action)
        assert seen == set(own)


def test_no_variable_of_a_function_is_a_secret(found: list[Subscriber]) -> None:
    for each in found:
        text = json.dumps(each.function["Environment"]["Variables"])
        assert "resolve:secretsmanager" not in text and "SecretString" not in text


@pytest.mark.parametrize("name", [each.name for each in settings.ALL if each.keeps])
def test_what_holds_data_stays_when_a_stack_that_retains_goes(name: str, synth: Synth) -> None:
    kinds = ("SQS::Queue", "S3::Bucket", "KMS::Key", "DynamoDB::Table", "SecretsManager::Secret", "Logs::LogGroup")
    for kind in kinds:
        for id_, each in of_type(synth[name], f"AWS::{kind}").items():
            kept = (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
            assert kept == ("RetainExceptOnCreate", "Retain"), id_
