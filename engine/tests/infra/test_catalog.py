"""The catalogue is what the synthesized app says, it leaves nothing out, and AsyncAPI's own schema accepts its document."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml

from fanout.catalog import kept
from fanout.catalog.documents import FOLDER, documents
from fanout.contracts.app import HEARTBEAT
from fanout.template.template import Template
from tests.infra.reading import Synth, dead_letter_queues, of_type, task_queues
from tests.places import APP, NODE_MODULES

SCHEMA = NODE_MODULES / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
TASKS = ("archive_order", "notify_partner", "send_receipt")

Document = dict[str, Any]


@pytest.fixture(scope="module")
def made(synth: Synth) -> dict[Path, str]:
    return documents(synth.folder, APP)


@pytest.fixture(scope="module")
def asyncapi(made: dict[Path, str]) -> Document:
    loaded: Document = yaml.safe_load(made[FOLDER / "asyncapi.yaml"])
    return loaded


@pytest.fixture(scope="module")
def validate() -> Callable[[Document], Any]:
    """AsyncAPI's schema, without its examples: fastjsonschema would follow the references in them."""
    compiled: Callable[[Document], Any] = fastjsonschema.compile(
        without_examples(json.loads(SCHEMA.read_text())), use_default=False
    )
    return compiled


def without_examples(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: without_examples(each) for key, each in node.items() if not (key == "examples" and type(each) is list)
        }
    return [without_examples(each) for each in node] if isinstance(node, list) else node


def test_every_task_has_a_page_with_every_alarm_of_the_template(synth: Synth, made: dict[Path, str]) -> None:
    alarms = of_type(synth["prod"], "AWS::CloudWatch::Alarm")
    counted = 0
    for task in TASKS:
        page = made[FOLDER / "subscribers" / f"{task}.md"]
        own = [
            each
            for each in alarms.values()
            if {"Key": "fanout:task", "Value": task} in each["Properties"].get("Tags", [])
        ]
        kinds = sorted(re.findall(r"operations\.md#([\w-]+)", json.dumps([each["Properties"] for each in own])))
        assert (
            sorted(re.findall(r"^\| \[([\w-]+)\]\(\.\./\.\./\.\./docs/operations\.md#\1\)", page, re.MULTILINE))
            == kinds
        )
        counted += len(own)
    assert counted >= 30


def test_every_queue_of_the_template_is_in_the_document(synth: Synth, asyncapi: Document) -> None:
    queues = [queue for each in receiving(asyncapi).values() for queue in each["bindings"]["sqs"]["queues"]]
    assert len(queues) == len(of_type(synth["prod"], "AWS::SQS::Queue"))
    hidden = sorted(each["visibilityTimeout"] for each in queues if "visibilityTimeout" in each)
    assert hidden == sorted(each["Properties"]["VisibilityTimeout"] for each in task_queues(synth["prod"]).values())
    assert len([each for each in queues if "redrivePolicy" not in each]) == len(dead_letter_queues(synth["prod"]))


def test_every_role_and_policy_of_the_template_is_in_the_permissions(synth: Synth, made: dict[Path, str]) -> None:
    text = made[FOLDER / "permissions.md"]
    documents_ = [each["Properties"] for each in synth["prod"]["Resources"].values() if "Policy" in json.dumps(each)]
    granted = {action for action in re.findall(r'"([a-z0-9-]+:[A-Z*][A-Za-z*]*)"', json.dumps(documents_))}
    assert {"sqs:ReceiveMessage", "sns:Publish", "kms:Decrypt"} <= granted
    assert [action for action in sorted(granted - CONDITION_KEYS) if f"`{action}`" not in text] == []


CONDITION_KEYS = {
    "kms:CallerAccount",
    "kms:ViaService",
    "aws:SecureTransport",
    "aws:SourceArn",
    "aws:SourceAccount",
    "dynamodb:LeadingKeys",
    "ses:FromAddress",
}


def test_nothing_that_differs_between_machines_is_written(made: dict[Path, str]) -> None:
    for path, text in made.items():
        if path == Path("README.md"):
            continue
        assert not re.search(r"(?<![\w-])\d{12}(?![\w-])", text), path
        assert not re.search(r"(?<![\w-])[0-9A-F]{8}(?![\w-])|[0-9a-f]{32}", text), path
        assert str(APP) not in text, path


def test_a_pinned_account_and_region_are_in_no_document(synth: Synth, tmp_path: Path) -> None:
    pinned = (synth.folder / "OrderEvents-prod.template.json").read_text()
    for name, value in (("AccountId", "111122223333"), ("Region", "ap-east-2")):
        pinned = re.sub(rf'{{\s*"Ref":\s*"AWS::{name}"\s*}}', f'"{value}"', pinned)
    assert pinned.count("111122223333") > 10
    path = tmp_path / "OrderEvents-prod.template.json"
    path.write_text(pinned)
    for page, text in documents(path, APP).items():
        assert "111122223333" not in text and "ap-east-2" not in text, page


@pytest.mark.long
def test_asyncapis_own_schema_accepts_the_document(validate: Callable[[Document], Any], asyncapi: Document) -> None:
    assert asyncapi["asyncapi"] == "3.0.0"
    validate(asyncapi)


def test_every_reference_of_the_document_leads_somewhere(asyncapi: Document) -> None:
    found = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(asyncapi))
    assert found
    for reference in found:
        node: Any = asyncapi
        for key in reference.split("/"):
            assert key in node, reference
            node = node[key]


def test_a_publishing_service_sends_and_every_task_receives(asyncapi: Document) -> None:
    sending = {name: each for name, each in asyncapi["operations"].items() if each["action"] == "send"}
    assert "publish_order_placed_v1" in sending
    assert sorted(receiving(asyncapi)) == sorted(TASKS)
    consumers = sending["publish_order_placed_v1"]["bindings"]["sns"]["consumers"]
    assert sorted(each["endpoint"]["name"] for each in consumers) == sorted(TASKS)
    assert {each["rawMessageDelivery"] for each in consumers} == {True}


def test_every_contract_is_a_message_with_an_example_it_accepts(asyncapi: Document) -> None:
    schemas = [
        json.loads(path.read_text())
        for folder in (APP / "contracts", HEARTBEAT)
        for path in folder.rglob("*.schema.json")
    ]
    messages = asyncapi["components"]["messages"].values()
    by_title = {each["title"]: each for each in schemas}
    assert {each["payload"]["schema"]["title"]: each["payload"]["schema"] for each in messages} == by_title
    for message in messages:
        (example,) = message["examples"]
        fastjsonschema.compile(message["payload"]["schema"])(example["payload"])


def _unnamed_message(document: Document) -> None:
    del document["channels"]["OrderPlaced"]["messages"]["order_placed_v1"]["$ref"]
    document["channels"]["OrderPlaced"]["messages"]["order_placed_v1"]["payload"] = "the order"


MUTANTS: dict[str, Callable[[Document], Any]] = {
    "a direction that is none": lambda it: it["operations"]["notify_partner"].update(action="publish"),
    "an operation without a channel": lambda it: it["operations"]["notify_partner"].pop("channel"),
    "an operation whose message is no reference": lambda it: it["operations"]["notify_partner"].update(messages=["x"]),
    "a message that is no object": _unnamed_message,
    "a document without a title": lambda it: it["info"].pop("title"),
    "a server without a protocol": lambda it: it["servers"]["sns"].pop("protocol"),
    "a topic without a name": lambda it: it["channels"]["OrderPlaced"]["bindings"]["sns"].pop("name"),
    "a binding of another version": lambda it: it["channels"]["OrderPlaced"]["bindings"]["sns"].update(
        bindingVersion="0.2.0"
    ),
    "a queue that is hidden for too long": lambda it: it["operations"]["notify_partner"]["bindings"]["sqs"]["queues"][
        0
    ].update(visibilityTimeout=43_201),
    "a consumer without an endpoint": lambda it: it["operations"]["publish_order_placed_v1"]["bindings"]["sns"][
        "consumers"
    ][0].pop("endpoint"),
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_the_schema_refuses(
    mutant: Callable[[Document], Any], validate: Callable[[Document], Any], asyncapi: Document
) -> None:
    changed = copy.deepcopy(asyncapi)
    mutant(changed)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        validate(changed)


def receiving(document: Document) -> dict[str, Any]:
    return {name: each for name, each in document["operations"].items() if each["action"] == "receive"}


def test_what_is_kept_is_said_with_its_end(made: dict[Path, str]) -> None:
    _, _, rest = made[FOLDER / "README.md"].partition("## What is kept, and for how long\n\n")
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in rest.split("\n\n")[0].splitlines()[2:]
    ]
    assert {(where, kept) for where, _, kept in rows} == {
        ("every task's queue", "7 days at most"),
        ("every task's dead letters", "14 days at most"),
        ("bucket `Archive`", "365 days"),
        ("bucket `Archive`", "7 days"),
        ("table `CompletedEvents`", "22 days after its last change"),
        ("every task's log group", "365 days"),
    }


def test_what_nobody_deletes_is_kept_for_ever() -> None:
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Off": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"LifecycleConfiguration": {"Rules": [{"Status": "Disabled", "ExpirationInDays": 1}]}},
        },
        "Log": {"Type": "AWS::Logs::LogGroup"},
        "Table": {"Type": "AWS::DynamoDB::Table"},
    }
    told = kept.table(Template({"Resources": resources}), [])
    assert [line.split("|")[3].strip() for line in told.splitlines()[2:]] == ["for ever"] * (len(told.splitlines()) - 2)
    assert "bucket `Bucket`, bucket `Off`" in told and "log group `Log`" in told and "table `Table`" in told
