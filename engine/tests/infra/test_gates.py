"""Independent gates: cfn-lint on every template, and cdk-nag's AwsSolutions on every construct."""

import json
from contextlib import suppress
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

import app
from fanout.constructs import App
from fanout.constructs.attachments import Attachments
from fanout.constructs.intake import Intake
from fanout.constructs.nag import REASONS, findings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.acknowledged import ACKNOWLEDGED
from tests.infra.conftest import cdk_context, synthesized
from tests.infra.linted import linted
from tests.infra.reading import Synth

Nagged = tuple[cdk.App, Path]
"""With what it was written from, as findings are asked about constructs."""


def nag(made: cdk.App, folder: Path) -> Nagged:
    cdk.Validations.of(made).add_plugins(AwsSolutionsChecks(made))
    with suppress(RuntimeError):  # findings are in the report; templates are written before
        made.synth()
    return made, folder


@pytest.fixture(scope="module")
def nagged(tmp_path_factory: pytest.TempPathFactory) -> Nagged:
    folder = tmp_path_factory.mktemp("nagged")
    return nag(synthesized(folder), folder)


@pytest.mark.long
@pytest.mark.parametrize("name", ["dev", "prod"])  # all entries of the app: tests/test_gates.py
def test_cfn_lint_has_nothing_to_say(name: str, synth: Synth) -> None:
    assert linted((synth.folder / f"OrderEvents-{name}.template.json").read_text()) == []


@pytest.mark.long
def test_shared_rules_find_what_cfn_lints_own_do() -> None:
    from cfnlint.api import lint

    queue = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "an hour", "Colour": "blue"}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Nowhere"}}, "DependsOn": "Nothing"}
    text = json.dumps({"Resources": {"Queue": queue, "Topic": topic}})
    found, usual = linted(text), lint(text, regions=["eu-west-1"])
    assert {each[:5] for each in found} >= {"E1020", "E3002", "E3005", "E3012"}
    assert found == [f"{each.rule.id} {each.message}" for each in usual]


@pytest.mark.long
def test_what_cdk_nag_and_our_checks_find_is_acknowledged(nagged: Nagged) -> None:
    assert findings(*nagged, ACKNOWLEDGED) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "type_", [each for each in REASONS if each not in (Attachments, Intake)], ids=lambda type_: type_.__name__
)
def test_every_reason_of_the_engine_answers_a_finding(
    type_: type[IConstruct], nagged: Nagged, granted: Nagged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what only some kinds of subscribers have, in tests/infra/test_every_kind.py, and of an intake in test_intake.py."""
    reasons = REASONS[type_]
    for pattern in (each for each in reasons if "IAM5" in each or "DDB3" in each):
        others = {each: reason for each, reason in reasons.items() if each != pattern}
        monkeypatch.setitem(REASONS, type_, others)
        found = findings(*nagged, ACKNOWLEDGED) + findings(*granted, {})
        assert [each for each in found if "IAM5" in each or "DDB3" in each], pattern


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Nagged:
    """A subscriber that reads and writes a bucket and a table with an index, by the CDK's own grants."""
    folder = tmp_path_factory.mktemp("granted")
    made = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(made, "Granted")
    arn = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
    topic = Topic.from_arn(stack, "Topic", arn, settings=settings.PROD)
    subscriber = Subscriber(stack, "Theirs", topic=topic, task="archive_order")
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    index = dynamodb.GlobalSecondaryIndexPropsV2(index_name="by_id", partition_key=key)
    table = dynamodb.TableV2(stack, "Table", partition_key=key, global_secondary_indexes=[index])
    bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True, encryption=s3.BucketEncryption.KMS)
    bucket.grant_read_write(subscriber.function)
    table.grant_read_write_data(subscriber.function)
    return nag(made, folder)


@pytest.mark.long
def test_a_subscribers_usual_grants_are_no_finding(granted: Nagged) -> None:
    assert [each for each in findings(*granted, {}) if "/Theirs/" in each] == []


def test_a_template_that_loses_messages_does_not_synthesize(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "ALL", ())
    made = App(context=cdk_context(), outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    app.add_stacks(made)
    sqs.Queue(cdk.Stack(made, "Theirs"), "Queue", dead_letter_queue=None)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        made.synth()
    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    assert report["pluginName"] == "Fanout"
    assert "queue-without-tls" in [each["ruleName"] for each in report["violations"]]
