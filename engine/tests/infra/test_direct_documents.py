"""The catalogue, the bill and the checks of what has no queue: it says what may be dropped and when, and why a raw event leaves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fanout.catalog.documents import FOLDER, documents
from fanout.checks.engine import check_template
from fanout.constructs import App, Delivery, Direct, FanoutStack, Monitoring, OperatorPolicies, Subscriber, Topic
from fanout.costs.model import monthly
from stacks import settings
from tests.infra.conftest import cdk_context
from tests.infra.linted import linted
from tests.places import APP

WHY, LEAVES = "a stale page is no harm", "the partner's contract, section 4"


class Made:
    """The documents and the template of a stack with a task of each kind, and a delivery."""

    def __init__(self, folder: Path) -> None:
        app = App(context=cdk_context(), outdir=str(folder))
        stack = FanoutStack(app, "OrderEvents-prod", settings=settings.PROD)
        topic = Topic(stack, "OrderPlaced", settings=settings.PROD)
        bucket = {"ARCHIVE_BUCKET": "b"}
        Subscriber(stack, "Archive", topic=topic, task="archive_order", environment=bucket, compute=Direct())
        drops = Direct(retries=0, drop_is_ok=WHY)
        Subscriber(
            stack, "Purge", topic=topic, task="send_receipt", environment={"SENDER": "a@b.example"}, compute=drops
        )
        endpoint = "https://hooks.example.com/in?token=secret"
        Delivery(stack, "ToPartner", topic=topic, protocol="https", endpoint=endpoint, reason=LEAVES)
        OperatorPolicies(stack, "Operator", topic=topic)
        Monitoring(stack, "Watch", topic=topic)
        app.synth()  # refused by the rules of checks
        self.body: dict[str, Any] = json.loads((folder / "OrderEvents-prod.template.json").read_text())
        self.documents = {path: text for path, text in documents(folder, APP).items() if path.is_relative_to(FOLDER)}

    def page(self, name: str) -> str:
        return self.documents[FOLDER / name]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    yield Made(tmp_path_factory.mktemp("out"))


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_a_page_says_what_is_kept_and_when(made: Made) -> None:
    page = made.page("subscribers/archive_order.md")
    told = {row[0]: row[1:] for row in rows(page.partition("## What may be dropped, and when")[2].partition("##")[0])}
    assert told["the task fails, or Lambda does not begin it"] == [
        "after 3 tries within 3 minutes, or when it could not be begun for 6 h",
        "kept: dead letters",
    ]
    assert told["SNS cannot call the function"][1] == "kept: dead letters"
    assert told["no retry can help (`PermanentError`)"] == ["at once", "kept: dead letters"]
    assert "It may drop events" not in page and "Owner: orders team" in page


def test_a_page_says_what_is_dropped_and_why_it_may(made: Made) -> None:
    page = made.page("subscribers/send_receipt.md")
    assert f"It may drop events: {WHY}." in page
    told = {row[0]: row[1:] for row in rows(page.partition("## What may be dropped, and when")[2].partition("##")[0])}
    assert told["the task fails, or Lambda does not begin it"] == [
        "after its only try, or when it could not be begun for 6 h",
        "dropped",
    ]
    assert [each[-1] for each in told.values()][1:].count("dropped") == 3


def test_the_first_page_lists_them_and_each_delivery_with_its_reason_and_no_address(made: Made) -> None:
    page = made.page("README.md")
    listed = {row[0].partition("]")[0].strip("["): row for row in rows(page) if "called by the topic" in row[0]}
    assert {name: row[3] for name, row in listed.items()} == {
        "archive_order": "3, then a dead letter",
        "send_receipt": "1, then dropped",
    }
    assert ["ToPartner", "https", LEAVES, "kept: dead letters"] in rows(page)
    assert not any("hooks.example.com" in text for text in made.documents.values())
    received = next(row for row in rows(page) if row[0] == "order.placed.v1")
    assert received[2] == "archive_order, send_receipt"
    assert 'archive_order_task -. "3, then a dead letter" .->' in page


def test_asyncapi_has_them_as_receivers(made: Made) -> None:
    document = yaml.safe_load(made.page("asyncapi.yaml"))
    assert {"archive_order", "send_receipt"} <= document["operations"].keys()
    consumers = [each for operation in document["operations"].values() for each in _consumers(operation)]
    assert {(each["protocol"], each["endpoint"]["name"]) for each in consumers} == {
        ("lambda", "archive_order"),
        ("lambda", "send_receipt"),
    }


def _consumers(operation: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operation.get("bindings", {}).get("sns", {}).get("consumers", [])
    return found


def test_costs_know_them(made: Made) -> None:
    bill = monthly(made.body, events_per_month=1_000_000)
    assert bill.subscribers == ("archive_order", "send_receipt")
    lines = {each.what: each.quantity for each in bill.of("archive_order") if each.part == "traffic"}
    assert 1_000_000 <= lines["invocations"] <= 1_200_000
    assert not any(each.price.startswith("sqs-") for each in bill.lines)
    assert "AWS::SNS::Subscription by https" in bill.unpriced


@pytest.mark.long
def test_the_checks_and_cfn_lint_have_nothing_to_say_that_is_not_said(made: Made) -> None:
    found = check_template(made.body)
    assert [each for each in found if each.acknowledged is None] == []
    assert {(each.rule, each.acknowledged) for each in found if each.acknowledged in (WHY, LEAVES)} == {
        ("subscription-without-dead-letter-queue", WHY),
        ("function-without-failure-destination", WHY),
        ("function-tried-once", WHY),
        ("raw-event-leaves", LEAVES),
    }
    assert linted(json.dumps(made.body)) == []


@pytest.mark.parametrize(
    ("spoilt", "rule", "message"),
    [
        (
            "DestinationConfig",
            "function-without-failure-destination",
            "an event is dropped after 3 tries within 3 minutes",
        ),
        ("Permission", "function-refuses-sender", "no permission lets"),
        ("RedrivePolicy", "subscription-without-dead-letter-queue", "what SNS cannot deliver is discarded"),
        ("Policy", "dead-letter-queue-policy-missing", ""),
    ],
)
def test_each_part_of_it_is_missed(made: Made, spoilt: str, rule: str, message: str) -> None:
    body = json.loads(json.dumps(made.body))
    for id_, each in list(body["Resources"].items()):
        if not id_.startswith("Archive"):
            continue
        each.get("Properties", {}).pop(spoilt, None)
        if spoilt in ("Permission", "Policy") and each["Type"] in ("AWS::Lambda::Permission", "AWS::SQS::QueuePolicy"):
            if each["Type"].endswith(spoilt) or (spoilt == "Policy" and each["Type"] == "AWS::SQS::QueuePolicy"):
                del body["Resources"][id_]
    found = {each.rule: each.message for each in check_template(body) if each.acknowledged is None}
    assert message in found[rule]
