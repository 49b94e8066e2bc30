"""The bucket beside a topic: who may read what of it, how long it keeps it, and what a synth refuses."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from fanout import names
from fanout.catalog.kept import table
from fanout.constructs import (
    App,
    ConfigurationError,
    FanoutStack,
    Heartbeat,
    OperatorPolicies,
    Settings,
    Subscriber,
    Topic,
    nag,
)
from fanout.constructs.attachments import GUARDDUTY, Attachments
from fanout.constructs.intake import Intake
from fanout.constructs.nag import findings
from fanout.template.template import Template
from stacks import settings
from tests.infra.conftest import cdk_context
from tests.infra.linted import linted

OF_OPERATORS = {
    r"/Operator/ErasePolicy/.*-IAM5": "whoever erases may remove any object of the bucket",
    r"/Operator/ReadPolicy/.*-IAM5.*:schedule/": "heartbeats are found by their group",
}
WITH_FILES = Path(__file__).parents[1] / "unit" / "intake" / "with_files"


def app_of(entry: Settings, folder: Path) -> App:
    """Of two stacks: the tasks' with the bucket, and an intake's."""
    app = App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    tasks = FanoutStack(app, f"Tasks-{entry.name}", settings=entry)
    attachments = Attachments(
        tasks,
        "Attachments",
        settings=entry,
        keep_days=60,
        origins=["https://www.example.com"],
        scanned=GUARDDUTY if entry.name == "prod" else None,
    )
    orders = Topic(tasks, "OrderPlaced", settings=entry, attachments=attachments)
    archiving = Subscriber(
        tasks, "ArchiveOrder", topic=orders, task="archive_order", environment={"ARCHIVE_BUCKET": "a"}
    )
    Subscriber(tasks, "SendReceipt", topic=orders, task="send_receipt", environment={"EMAIL_SENDER": "a@example.com"})
    attachments.grant_read_files(archiving.role)
    Heartbeat(tasks, "Heartbeat", topic=orders)
    OperatorPolicies(tasks, "Operator", topic=orders).let_erase(attachments.bucket)
    stack = FanoutStack(app, f"Intake-{entry.name}", settings=entry)
    Intake(
        stack,
        "Intake",
        settings=entry,
        topic_arn="arn:aws:sns:eu-west-1:123456789012:OrderPlaced",
        event_type="order.placed.v1",
        definitions=WITH_FILES,
        answers="items",
        keep_days=30,
        attachments=attachments.by_name(),
        address="https://forms.example.com",
    )
    return app


@pytest.fixture(scope="module", params=[settings.DEV, settings.PROD], ids=["dev", "prod"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Path, str]]:
    folder = tmp_path_factory.mktemp("attachments")
    app = app_of(request.param, folder)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with suppress(RuntimeError):  # findings are in the report; templates are written before
        app.synth()
    yield app, folder, request.param.name


@pytest.fixture(scope="module")
def templates(made: tuple[App, Path, str]) -> dict[str, dict[str, Any]]:
    _, folder, entry = made
    return {each: json.loads((folder / f"{each}-{entry}.template.json").read_text()) for each in ("Tasks", "Intake")}


def allowed(template: dict[str, Any], role: str) -> list[tuple[set[str], str, Any]]:
    """Actions on S3, their resource's end, and their conditions."""
    found = []
    for each in template["Resources"].values():
        if each["Type"] != "AWS::IAM::Policy" or role not in json.dumps(each["Properties"]["Roles"]):
            continue
        for one in each["Properties"]["PolicyDocument"]["Statement"]:
            actions = {one["Action"]} if isinstance(one["Action"], str) else {*one["Action"]}
            if actions <= {each for each in actions if each.startswith("s3:")}:
                found.append((actions, json.dumps(one["Resource"]), one.get("Condition")))
    return found


@pytest.mark.long
def test_every_task_reads_claims_and_files_only_who_was_granted_them(
    made: tuple[App, Path, str], templates: dict[str, Any]
) -> None:
    for role, prefixes in {"ArchiveOrderRole": ["claims", "files"], "SendReceiptRole": ["claims"]}.items():
        found = {
            prefix: (actions, condition)
            for actions, resource, condition in allowed(templates["Tasks"], role)
            for prefix in ("claims", "files", "uploads")
            if f"/{prefix}/*" in resource
        }
        assert [*found] == prefixes
        wanted = {"StringEquals": {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"}}
        for prefix, (actions, condition) in found.items():
            assert actions == {"s3:GetObject", "s3:GetObjectVersion"}
            assert condition == (wanted if prefix == "files" and made[2] == "prod" else None)


@pytest.mark.long
def test_every_task_is_told_which_bucket_it_may_believe(templates: dict[str, Any]) -> None:
    functions = [
        each["Properties"]
        for each in templates["Tasks"]["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
        and names.TASK in each["Properties"].get("Environment", {}).get("Variables", {})
    ]
    (bucket,) = [key for key, each in templates["Tasks"]["Resources"].items() if each["Type"] == "AWS::S3::Bucket"]
    told = [each["Environment"]["Variables"].get(names.ATTACHMENTS_BUCKET) for each in functions]
    assert [each for each in told if each] == [{"Ref": bucket}] * 2


def test_their_zips_have_what_restores_a_claim(made: tuple[App, Path, str]) -> None:
    zips = [each for each in made[1].glob("asset.*") if (each / "fanout/runtime/dead_letters.py").is_file()]
    tasks = [each for each in zips if (each / "archive_order").is_dir() or (each / "send_receipt").is_dir()]
    assert len(tasks) == 2 and all((each / "fanout/runtime/claim_check.py").is_file() for each in tasks)


def test_an_intake_writes_and_reads_no_more_than_uploads(templates: dict[str, Any]) -> None:
    found = allowed(templates["Intake"], "IntakeWebRole")
    by_action = {action: resource for actions, resource, _ in found for action in actions}
    assert by_action.keys() == {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
    assert "uploads/*" in by_action["s3:GetObject"] and "claims" not in by_action["s3:GetObject"]
    for role in ("IntakeRelayStreamRole", "IntakeRelaySweepRole"):
        assert not allowed(templates["Intake"], role)


def test_it_knows_the_bucket_through_a_parameter_and_not_through_an_export(templates: dict[str, Any]) -> None:
    text = json.dumps(templates["Intake"])
    assert "Fn::ImportValue" not in text and "Fn::GetStackOutput" not in text
    told = [
        each["Properties"]["Name"]
        for each in templates["Tasks"]["Resources"].values()
        if each["Type"] == "AWS::SSM::Parameter"
    ]
    assert any(str(each).endswith("/attachments-bucket") for each in told)


def test_everything_in_it_goes_by_itself(templates: dict[str, Any]) -> None:
    (bucket,) = [each for each in templates["Tasks"]["Resources"].values() if each["Type"] == "AWS::S3::Bucket"]
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    found = {
        each["Prefix"]: (each["ExpirationInDays"], each["NoncurrentVersionExpiration"]["NoncurrentDays"])
        for each in rules
        if "Prefix" in each
    }
    assert found == {"claims/": (60, 7), "files/": (60, 7), "uploads/": (1, 1)}
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["Properties"]["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True


def test_the_catalogue_says_how_long_each_part_is_kept(templates: dict[str, Any]) -> None:
    told = table(Template(templates["Tasks"]), [])
    assert "| objects of claims/, files/ | 60 days |" in told and "| objects of uploads/ | 24 h |" in told


@pytest.mark.long
def test_no_gate_finds_anything(made: tuple[App, Path, str], templates: dict[str, Any]) -> None:
    app, folder, entry = made
    assert findings(app, folder, OF_OPERATORS) == []
    for each in templates:
        assert linted((folder / f"{each}-{entry}.template.json").read_text()) == []


def test_the_engines_reason_answers_a_finding(made: tuple[App, Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    app, folder, _ = made
    monkeypatch.setattr(
        nag, "REASONS", {type_: found for type_, found in nag.REASONS.items() if type_ is not Attachments}
    )
    (one,) = findings(app, folder, OF_OPERATORS)
    assert one.endswith("/Attachments/Bucket/Resource AwsSolutions-S1")


@pytest.mark.parametrize("days", [0, settings.PROD.queue_retention_days + 14, 3_651])
def test_it_keeps_no_less_than_a_copy_of_an_event_can_wait(days: int) -> None:
    stack = FanoutStack(App(context=cdk_context()), "Tasks-dev", settings=settings.PROD)
    with pytest.raises(ConfigurationError, match=rf"keep_days of the attachments is {days}: expected \d+ to 3650"):
        Attachments(stack, "Attachments", settings=settings.PROD, keep_days=days)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"keep_days": None}, "keep_days is None: expected a whole number"),
        ({"origins": "https://www.example.com"}, "origins is 'https://www.example.com': expected a list of texts"),
        (
            {"scanned": "NO_THREATS_FOUND"},
            "scanned is 'NO_THREATS_FOUND': expected a list of texts or None",
        ),
        ({"scanned": (1, 2)}, "scanned is (1, 2): expected a list of texts or None"),
        ({"scanned": ["a"]}, "scanned is ['a']: expected a tag and its value, as GUARDDUTY is, or None"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: dict[str, Any], line: str) -> None:
    stack = FanoutStack(App(context=cdk_context()), "Tasks-dev", settings=settings.DEV)
    with pytest.raises(ConfigurationError, match=f"^attachments Files: {re.escape(line)}"):
        Attachments(stack, "Files", settings=settings.DEV, **{"keep_days": 60, **arguments})


def test_the_tag_of_what_was_scanned_may_be_a_list() -> None:
    stack = FanoutStack(App(context=cdk_context()), "Tasks-dev", settings=settings.DEV)
    Attachments(stack, "Files", settings=settings.DEV, keep_days=60, scanned=[*GUARDDUTY])  # type: ignore[arg-type]


def test_nor_than_at_one_task_whose_queue_keeps_longer(tmp_path: Path) -> None:
    stack = FanoutStack(App(context=cdk_context()), "Tasks-dev", settings=settings.DEV)
    least = settings.DEV.queue_retention_days + 15
    attachments = Attachments(stack, "Attachments", settings=settings.DEV, keep_days=least)
    topic = Topic(stack, "OrderPlaced", settings=settings.DEV, attachments=attachments)
    longer = replace(settings.DEV, queue_retention_days=settings.DEV.queue_retention_days + 1)
    with pytest.raises(
        ConfigurationError, match=rf"subscriber ArchiveOrder: keep_days .* is {least}: expected {least + 1} to"
    ):
        Subscriber(stack, "ArchiveOrder", topic=topic, task="archive_order", settings=longer)
