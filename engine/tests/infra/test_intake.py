"""The intake's templates: what knows of the fan-out, what may do what, and what rings."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks

from fanout import names
from fanout.constructs import App, ConfigurationError, FanoutStack, Monitoring, Settings, Subscriber, Topic, nag
from fanout.constructs.attachments import AttachmentsByName
from fanout.constructs.filter import Filter
from fanout.constructs.idempotency import variables
from fanout.constructs.intake import Followed, Intake, Limits
from fanout.constructs.nag import REASONS, findings
from fanout.intake import status, store
from stacks import settings
from tests.infra.alarm_evaluator import at, none, rings
from tests.infra.conftest import cdk_context
from tests.infra.linted import linted

ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
DEFINITION = {
    "title": "Order",
    "type": "object",
    "additionalProperties": False,
    "required": ["email"],
    "properties": {"email": {"type": "string", "format": "email", "x-fanout-goes-to": "customer.email"}},
}


def stack_of(entry: Settings, folder: Path, **arguments: Any) -> FanoutStack:
    definitions = folder / "definitions"
    definitions.mkdir()
    (definitions / "berlin.schema.json").write_text(json.dumps(DEFINITION))
    app = App(context=cdk_context(), outdir=str(folder / "out"), builtin_cloud_formation_validation=False)
    stack = FanoutStack(app, f"Intake-{entry.name}", settings=entry)
    given: dict[str, Any] = {
        "topic_arn": ARN,
        "event_type": "order.placed.v1",
        "definitions": definitions,
        "answers": "items",
        "keep_days": 30,
        **arguments,
    }
    Intake(stack, "Intake", settings=entry, **given)
    return stack


@pytest.fixture(scope="module", params=[settings.DEV, settings.PROD], ids=["dev", "prod"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FanoutStack, Path]]:
    folder = tmp_path_factory.mktemp("intake")
    stack = stack_of(
        request.param, folder, subject="customer.email", attachments=AttachmentsByName("/shop/attachments-bucket")
    )
    assert isinstance(app := stack.node.root, cdk.App)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with suppress(RuntimeError):  # findings are in the report; templates are written before
        app.synth()
    yield stack, folder / "out"


@pytest.fixture(scope="module")
def template(made: tuple[FanoutStack, Path]) -> dict[str, Any]:
    stack, folder = made
    read: dict[str, Any] = json.loads((folder / f"{stack.stack_name}.template.json").read_text())
    return read


def statements_of(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    found = []
    for each in template["Resources"].values():
        if each["Type"] == "AWS::IAM::Policy" and any(role in json.dumps(one) for one in each["Properties"]["Roles"]):
            found += each["Properties"]["PolicyDocument"]["Statement"]
    return found


def actions(template: dict[str, Any], role: str) -> set[str]:
    asked = [each["Action"] for each in statements_of(template, role)]
    return {action for each in asked for action in ([each] if isinstance(each, str) else each)}


def test_it_knows_the_topic_by_its_arn_alone(template: dict[str, Any]) -> None:
    """Of the fan-out nothing else is said, nor of any queue. Alarms have a topic of their own."""
    types = {each["Type"] for each in template["Resources"].values()}
    assert "AWS::SQS::Queue" not in types
    text = json.dumps(template)
    assert "Fn::ImportValue" not in text and "Fn::GetStackOutput" not in text
    assert text.count("OrderPlaced") == text.count(ARN)


def test_whoever_answers_people_cannot_publish_nor_read_what_others_sent(template: dict[str, Any]) -> None:
    allowed = actions(template, "IntakeWebRole")
    assert not {each for each in allowed if each.startswith("sns:")}
    assert {each for each in allowed if each.startswith("dynamodb:")} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    }


@pytest.mark.parametrize("role", ["IntakeRelayStreamRole", "IntakeRelaySweepRole"])
def test_the_relay_publishes_to_one_topic_and_stores_nothing(role: str, template: dict[str, Any]) -> None:
    publish = [each for each in statements_of(template, role) if each["Action"] == "sns:Publish"]
    assert [each["Resource"] for each in publish] == [ARN]
    assert not actions(template, role) & {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:GetItem"}


def test_an_operator_reads_no_answer_and_no_token(template: dict[str, Any]) -> None:
    policies = [
        each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    statements = [one for each in policies for one in each["PolicyDocument"]["Statement"]]
    of_the_table = [each for each in statements if "dynamodb" in json.dumps(each["Action"])]
    assert sorted(str(each["Action"]) for each in of_the_table) == ["dynamodb:Scan", "dynamodb:UpdateItem"]
    for each in of_the_table:
        seen = each["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]
        assert set(seen) == set(store.OF_OPERATORS)
        assert not {"body", "attributes", "token", "fingerprint"} & set(seen)


def test_the_stream_is_for_new_entries_and_blocks_on_none(template: dict[str, Any]) -> None:
    (mapping,) = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    (pattern,) = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]
    assert pattern == {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"unsent_at": {"S": [{"exists": True}]}}}}
    assert (
        mapping["MaximumRetryAttempts"],
        mapping["MaximumRecordAgeInSeconds"],
        mapping["BisectBatchOnFunctionError"],
    ) == (1, 120, True)


def test_the_sweeps_schedule_alone_of_this_account_takes_its_role(template: dict[str, Any]) -> None:
    (schedule,) = [each for each in template["Resources"].values() if each["Type"] == "AWS::Scheduler::Schedule"]
    role, _ = schedule["Properties"]["Target"]["RoleArn"]["Fn::GetAtt"]
    (trust,) = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_a_sweep_that_says_nothing_rings(template: dict[str, Any]) -> None:
    alarms = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    (stored,) = [
        each for each in alarms if each["MetricName" if "MetricName" in each else "AlarmDescription"] == "UnsentAge"
    ]
    assert (stored["TreatMissingData"], stored["Threshold"], stored["Statistic"]) == ("breaching", 300, "Maximum")
    (schedule,) = [
        each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::Scheduler::Schedule"
    ]
    assert schedule["ScheduleExpression"] == "rate(1 minute)"


def test_what_is_kept_for_production_is_kept(made: tuple[FanoutStack, Path], template: dict[str, Any]) -> None:
    (table,) = [each for each in template["Resources"].values() if each["Type"] == "AWS::DynamoDB::Table"]
    kept = made[0].stack_name.endswith("prod")
    assert table["DeletionPolicy"] == ("RetainExceptOnCreate" if kept else "Delete")
    assert ("SSEType" in json.dumps(table)) == kept


@pytest.mark.long
def test_cfn_lint_has_nothing_to_say(made: tuple[FanoutStack, Path]) -> None:
    stack, folder = made
    assert linted((folder / f"{stack.stack_name}.template.json").read_text()) == []


def test_what_cdk_nag_and_our_checks_find_has_a_reason(made: tuple[FanoutStack, Path]) -> None:
    stack, folder = made
    assert isinstance(app := stack.node.root, cdk.App)
    assert findings(app, folder, {}) == []


@pytest.mark.parametrize("pattern", REASONS[Intake])
def test_each_reason_of_the_engine_answers_a_finding(
    pattern: str, made: tuple[FanoutStack, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {
        type_: {each: why for each, why in found.items() if type_ is not Intake or each != pattern}
        for type_, found in REASONS.items()
    }
    monkeypatch.setattr(nag, "REASONS", left)
    stack, folder = made
    assert isinstance(app := stack.node.root, cdk.App)
    assert findings(app, folder, {})


def test_its_zip_has_the_definitions_and_no_task(made: tuple[FanoutStack, Path], template: dict[str, Any]) -> None:
    functions = [
        each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::Function"
    ]
    assert len({json.dumps(each["Code"]) for each in functions}) == 1
    (key,) = {each["Code"]["S3Key"] for each in functions}
    names = {
        str(path.relative_to(made[1] / f"asset.{key.removesuffix('.zip')}"))
        for path in (made[1] / f"asset.{key.removesuffix('.zip')}").rglob("*")
        if path.is_file()
    }
    assert {"intake.json", "events/order_placed_v1.py", "fanout/intake/handler.py"} <= names
    assert not {each for each in names if each.startswith(("archive_order", "send_receipt"))}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"keep_days": 0}, "intake Intake: keep_days is 0: expected 1 to 3650 days"),
        ({"limits": Limits(per_minute=-1)}, "limits.per_minute is -1: expected 0 to 10000"),
        ({"limits": Limits(origins=("*",))}, "limits.origins is '*': expected origins such as https://www.example.com"),
        (
            {"limits": Limits(origins="https://a.example")},  # type: ignore[arg-type]
            "limits.origins is 'https://a.example': expected a list of texts",
        ),
        ({"keep_days": None}, "intake Intake: keep_days is None: expected a whole number"),
        ({"definitions": "forms"}, "intake Intake: definitions is 'forms': expected a Path"),
        (
            {"address": "forms.example.com"},
            "intake Intake: address is 'forms.example.com': expected one such as https://",
        ),
        ({"address": 7}, "intake Intake: address is 7: expected text"),
        ({"event_type": "order.lost.v1"}, "no contract describes 'order.lost.v1'"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        stack_of(settings.DEV, tmp_path, **arguments)
    assert line in str(raised.value) and "\n" not in str(raised.value)


def test_other_origins_are_let_in_where_they_are_named(tmp_path: Path) -> None:
    stack = stack_of(settings.DEV, tmp_path, limits=Limits(origins=("https://www.example.com",)))
    made = assertions.Template.from_stack(stack)
    made.has_resource_properties(
        "AWS::ApiGatewayV2::Api",
        {"CorsConfiguration": {"AllowOrigins": ["https://www.example.com"], "AllowMethods": ["POST"]}},
    )


def test_it_knows_the_address_that_browsers_know_without_files_too(tmp_path: Path) -> None:
    made = assertions.Template.from_stack(stack_of(settings.DEV, tmp_path, address="https://forms.example.com"))
    told = assertions.Match.object_like({names.INTAKE_ADDRESS: "https://forms.example.com"})
    made.resource_properties_count_is("AWS::Lambda::Function", {"Environment": {"Variables": told}}, 1)


def test_people_are_indexed_and_erased_where_somebody_asks_for_it(tmp_path: Path) -> None:
    """A secret that the web function alone reads, and a policy that may write in the index alone."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "asked").mkdir()
    plain = assertions.Template.from_stack(stack_of(settings.DEV, tmp_path / "plain")).to_json()
    made = stack_of(settings.DEV, tmp_path / "asked", subject="customer.email")
    intake = made.node.find_child("Intake")
    assert isinstance(intake, Intake) and intake.let_erase() is intake.let_erase()
    template = assertions.Template.from_stack(made).to_json()
    assert not [each for each in plain["Outputs"] if "Subject" in each or "Erase" in each]
    new = template["Resources"].keys() - plain["Resources"].keys()
    kinds = sorted(template["Resources"][each]["Type"] for each in new)
    assert kinds == ["AWS::IAM::ManagedPolicy", "AWS::SecretsManager::Secret"]
    readers = [
        id_
        for id_, each in template["Resources"].items()
        if "secretsmanager:GetSecretValue" in json.dumps(each) and each["Type"].startswith("AWS::IAM")
    ]
    assert len(readers) == 2 and sum("Web" in each for each in readers) == 1
    told = [id_ for id_, each in template["Resources"].items() if names.INTAKE_SUBJECT_SECRET in json.dumps(each)]
    assert len(told) == 1 and "Web" in told[0]
    (policy,) = [each for id_, each in template["Resources"].items() if "ErasePolicy" in id_]
    (write,) = [
        each for each in policy["Properties"]["PolicyDocument"]["Statement"] if each["Action"] == "dynamodb:UpdateItem"
    ]
    assert write["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["subject#*"]}}


@pytest.mark.parametrize(
    ("ages", "rung"),
    [
        (at(0, 60), 0),
        ([*at(0, 10), *at(280, 3), *at(0, 10)], 0),
        ([*at(0, 10), *at(400, 4), *at(0, 10)], 0),
        ([*at(0, 10), *(float(300 + 60 * n) for n in range(1, 60))], 1),
        ([*at(0, 30), *none(30)], 1),
    ],
    ids=["well", "the sweep is at it", "four minutes", "the topic is gone", "nobody looks"],
)
def test_what_waits_too_long_rings_and_so_does_silence(
    ages: list[float | None], rung: int, template: dict[str, Any]
) -> None:
    (alarm,) = [
        each["Properties"]
        for each in template["Resources"].values()
        if each.get("Properties", {}).get("MetricName") == "UnsentAge"
    ]
    assert rings(alarm, {"UnsentAge": ages}) == rung


@pytest.mark.parametrize(
    ("arn", "ordered"),
    [(f"{ARN}.fifo", True), (f"{ARN}.fifo", False), (cdk.Fn.import_value("TopicArn"), True)],
    ids=["both say so", "its ARN says so", "settings say so"],
)
def test_an_ordered_topic_lets_the_relay_look_at_the_entry_before(tmp_path: Path, arn: str, ordered: bool) -> None:
    stack = stack_of(replace(settings.DEV, ordered=ordered), tmp_path, topic_arn=arn)
    made = dict(assertions.Template.from_stack(stack).to_json())
    for role in ("IntakeRelayStreamRole", "IntakeRelaySweepRole"):
        assert "dynamodb:GetItem" in actions(made, role)
        assert "dynamodb:PutItem" not in actions(made, role)


@pytest.mark.parametrize(
    ("entry", "arn", "line"),
    [
        (
            replace(settings.DEV, ordered=True),
            ARN,
            "settings dev say ordered, and its ARN does not end in .fifo: say ordered=False, or name a FIFO topic",
        ),
        (settings.DEV, "orders", "the ARN is 'orders': expected arn:aws:sns:REGION:ACCOUNT:NAME"),
    ],
    ids=["standard", "no ARN"],
)
def test_a_topic_that_is_not_what_settings_say_is_one_line(
    tmp_path: Path, entry: Settings, arn: str, line: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        stack_of(entry, tmp_path, topic_arn=arn)
    assert str(refused.value) == f"intake Intake: {line}"


def test_the_dashboard_of_the_topics_stack_has_a_row_for_it(tmp_path: Path) -> None:
    stack = FanoutStack(App(context=cdk_context()), "Orders", settings=settings.DEV)
    watch = Monitoring(stack, "Watch", topic=Topic.from_arn(stack, "Topic", ARN, settings=settings.DEV))
    watch.show_intake("Service-dev")
    made = json.dumps(assertions.Template.from_stack(stack).to_json())
    assert made.count("Service-dev") >= 4
    assert "UnsentAge" in made and "Swept" in made and "Poison" in made


@pytest.mark.parametrize(
    ("only", "told"),
    [
        ({}, "archive_order,send_receipt"),
        ({"type": ["order.placed.v1"]}, "archive_order,send_receipt"),
        ({"type": ["order.cancelled.v1"]}, "archive_order"),
        ({"shop_id": ["hamburg"]}, "archive_order,send_receipt?"),
        ({"type": ["order.placed.v1"], "shop_id": ["hamburg"]}, "archive_order,send_receipt?"),
        ({"type": sns.SubscriptionFilter.exists_filter()}, "archive_order,send_receipt?"),
    ],
)
def test_a_task_whose_filter_keeps_its_entries_out_is_not_followed(tmp_path: Path, only: Filter, told: str) -> None:
    team = FanoutStack(App(context=cdk_context()), "Team", settings=settings.DEV)
    topic = Topic.from_arn(team, "Topic", ARN, settings=settings.DEV)
    Subscriber(team, "Archive", topic=topic, task="archive_order")
    Subscriber(team, "Receipts", topic=topic, task="send_receipt", only=only)
    made = stack_of(settings.DEV, tmp_path, followed=Followed.of(team, settings.DEV))
    functions = assertions.Template.from_stack(made).find_resources("AWS::Lambda::Function").values()
    variables_ = [each["Properties"]["Environment"]["Variables"] for each in functions]
    assert [each[names.INTAKE_TASKS] for each in variables_ if names.INTAKE_TASKS in each] == [told]


def test_no_record_is_kept_for_a_shorter_time_than_the_status_page_thinks() -> None:
    shortest = replace(settings.DEV, queue_retention_days=1)
    kept = variables(cdk.Stack(), shortest, claims=True)[names.COMPLETED_SECONDS]
    assert int(kept) == status.RECORDS_KEPT
