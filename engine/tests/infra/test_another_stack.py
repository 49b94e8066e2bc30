"""A team that knows only the topic's ARN adds a subscriber in its own stack; the first stack does not change."""

import json
from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
import pytest

from fanout.checks.engine import check_template
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from stacks.order_events_stack import OrderEventsStack
from tests.infra.conftest import cdk_context
from tests.infra.reading import Synth, actions, of_type, statements, target

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"


@pytest.mark.long
def test_a_subscriber_from_an_arn_changes_nothing_in_the_first_stack(synth: Synth, tmp_path: Path) -> None:
    both = cdk.App(context=cdk_context(), outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    OrderEventsStack(both, "OrderEvents-staging", settings=settings.STAGING)
    theirs = cdk.Stack(both, "AnotherTeam")
    topic = Topic.from_arn(theirs, "OrderPlaced", TOPIC_ARN, settings=settings.STAGING)
    Subscriber(theirs, "SyncCrm", topic=topic, task="archive_order")
    assembly = both.synth()

    first = "OrderEvents-staging.template.json"
    assert (tmp_path / first).read_bytes() == (synth.folder / first).read_bytes()

    template = assembly.get_stack_by_name("AnotherTeam").template
    (subscription,) = [
        each for each in of_type(template, "AWS::SNS::Subscription").values() if each["Properties"]["Protocol"] == "sqs"
    ]
    assert subscription["Properties"]["TopicArn"] == TOPIC_ARN
    assert "AWS::SNS::Topic" not in {each["Type"] for id_, each in template["Resources"].items() if "Sync" in id_}
    queues = of_type(template, "AWS::SQS::Queue").values()
    (key,) = {target(each["Properties"]["KmsMasterKeyId"]) for each in queues}
    conditions = [each.get("Condition") for each in statements(template["Resources"][key])]
    assert {"ArnEquals": {"aws:SourceArn": TOPIC_ARN}} in conditions


@pytest.mark.long
def test_another_account_may_do_what_settings_say_and_no_more(tmp_path: Path) -> None:
    app = cdk.App(context=cdk_context(), outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    open_to = replace(settings.STAGING, publisher_accounts=("111111111111",), subscriber_accounts=("222222222222",))
    OrderEventsStack(app, "Open", settings=open_to)
    template = app.synth().get_stack_by_name("Open").template

    told = json.dumps(template)
    assert not [each for each in check_template(template) if each.severity == "error"]
    assert told.count("111111111111") == 2 and told.count("222222222222") == 1
    (policy,) = [
        each for each in of_type(template, "AWS::SNS::TopicPolicy").values() if "222222222222" in json.dumps(each)
    ]
    allowed = {str(actions(each)): each for each in statements(policy) if each["Effect"] == "Allow"}
    assert allowed.keys() == {"['sns:Publish']", "['sns:Subscribe']"}
    assert "111111111111" in json.dumps(allowed["['sns:Publish']"]["Principal"])
    assert allowed["['sns:Subscribe']"]["Condition"] == {"StringEquals": {"sns:Protocol": ["sqs", "lambda"]}}
    key = template["Resources"][target(template["Outputs"]["TopicKeyArn"]["Value"])]
    (theirs,) = [each for each in statements(key) if "111111111111" in json.dumps(each["Principal"])]
    assert actions(theirs) == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert "sns." in json.dumps(theirs["Condition"]["StringEquals"]["kms:ViaService"])


def test_cdk_ls_would_list_the_four_stacks(synth: Synth) -> None:
    artifacts = json.loads((synth.folder / "manifest.json").read_text())["artifacts"]
    assert [name for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"] == [
        f"OrderEvents-{name}" for name in ("dev", "staging", "prod", "local")
    ]
