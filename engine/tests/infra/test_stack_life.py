"""What the life of a stack brings, as pairs of templates: what is said of it, and that nobody is locked out on the way."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from fanout.checks.engine import check_template
from fanout.constructs import Settings
from fanout.constructs.settings import Encryption
from fanout.diff.change import Change
from fanout.diff.compare import compare, compare_stacks
from fanout.errors import ConfigurationError
from fanout.template.policies import statements
from fanout.template.template import Resource, Template
from fanout.template.types import KEY, QUEUE, TOPIC
from stacks import settings
from stacks.order_events_stack import OrderEventsStack
from tests.infra.checks.spoiling import Stack, snapshot
from tests.infra.checks.test_changes import remove_subscriber
from tests.infra.conftest import cdk_context


def made(folder: Path, **changed: Any) -> Template:
    """Of prod, as it would be with these settings."""
    entry: Any = replace(settings.PROD, **changed)
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    name = f"OrderEvents-{entry.name}"
    OrderEventsStack(app, name, settings=entry)
    app.synth()
    return Template(json.loads((folder / f"{name}.template.json").read_text()), name=name)


def prod() -> Template:
    return Template(snapshot("prod"), name="OrderEvents-prod")


def dangers(found: list[Change]) -> set[str]:
    return {each.kind for each in found if each.danger}


def needs(template: Template, resource: Resource) -> set[str]:
    """Everything that is deployed before it."""
    found: set[str] = set()
    waiting = [resource.id]
    while waiting:
        more = template.dependencies[waiting.pop()] - found
        found |= more
        waiting += more
    return found


def key_of(template: Template, resource: Resource) -> Resource:
    key = template.resource(resource.get("KmsMasterKeyId"))
    assert key is not None and key.type == KEY
    return key


def test_whoever_publishes_may_use_the_key_before_the_topic_has_it() -> None:
    """The key's own policy says so, as the policies of publishers come after the topic that they name."""
    template = prod()
    (topic,) = [each for each in template.of(TOPIC) if "OrderPlaced" in each.id]
    key = key_of(template, topic)
    assert key.id in needs(template, topic) and topic.id not in needs(template, key)
    mine = [each for each in statements(key.document("KeyPolicy")) or [] if each.is_for_anyone()]
    assert [each.covers("kms:Decrypt") and each.covers("kms:GenerateDataKey") for each in mine] == [True]
    conditions = {key: values for _, key, values in mine[0].conditions() or []}
    assert set(conditions) == {"kms:calleraccount", "kms:viaservice"}


def test_sns_may_use_the_queues_key_before_any_queue_has_it() -> None:
    template = prod()
    queues = template.of(QUEUE)
    for queue in queues:
        key = key_of(template, queue)
        assert key.id in needs(template, queue) and queue.id not in needs(template, key)
        service = [each.is_for_service("sns.amazonaws.com") for each in statements(key.document("KeyPolicy")) or []]
        assert True in service
    assert len(queues) == 6


@pytest.mark.long
def test_encryption_begins(tmp_path: Path) -> None:
    before = made(tmp_path, encryption=Encryption.SQS_MANAGED)
    found = compare(before, prod())
    begins = [each for each in found if each.kind == "encryption-begins"]
    assert [each.path for each in begins] == ["OrderPlaced/Topic"]
    assert "give publishers of other accounts the rights first" in begins[0].message
    assert dangers(found) <= {"encryption-begins", "encryption-lost", "alarm-lost", "statement-lost"}
    assert "encryption-begins" not in dangers(compare(prod(), prod()))


@pytest.mark.long
def test_order_is_switched(tmp_path: Path) -> None:
    ordered = made(tmp_path, ordered=True)
    for old, new in ((prod(), ordered), (ordered, prod())):
        assert {"topic-replaced", "queue-replaced", "dead-letter-queue-replaced", "subscription-replaced"} <= dangers(
            compare(old, new)
        )


@pytest.mark.long
def test_an_entry_is_renamed(tmp_path: Path) -> None:
    renamed, others = made(tmp_path, name="production"), Template(snapshot("dev"), name="OrderEvents-dev")
    found = compare_stacks(
        {"OrderEvents-prod": prod(), "OrderEvents-dev": others},
        {"OrderEvents-production": renamed, "OrderEvents-dev": Template(snapshot("dev"), name="OrderEvents-dev")},
    )
    assert {(each.kind, each.stack) for each in found} == {
        ("stack-removed", "OrderEvents-prod"),
        ("stack-added", "OrderEvents-production"),
    }


def test_a_subscriber_is_removed_and_added_again() -> None:
    stack = Stack(snapshot("prod"))
    remove_subscriber(stack)
    without = Template(stack.body, name="OrderEvents-prod")
    (removed,) = [each for each in compare(prod(), without) if each.kind == "subscriber-removed"]
    (again,) = [each for each in compare(without, prod()) if each.kind == "subscriber-added"]
    assert "nobody reads what waits in them; added again, the task gets new ones" in removed.message
    assert "what waits in queues that an earlier one of this name left is stranded" in again.message


def name_of_topic(template: Template) -> str:
    (topic,) = [each for each in template.of(TOPIC) if "OrderPlaced" in each.id]
    return str(topic.get("TopicName"))


@pytest.mark.long
def test_a_fifo_topic_gets_another_name_by_another_generation(tmp_path: Path) -> None:
    first, second = made(tmp_path / "1", ordered=True), made(tmp_path / "2", ordered=True, generation=2)
    assert name_of_topic(first) != name_of_topic(second) == "OrderEvents-prod-OrderPlaced-2.fifo"
    assert set(first.resources) == set(second.resources)
    assert "topic-replaced" in dangers(compare(first, second))


@pytest.mark.long
def test_a_fixed_name_is_found_and_answered(tmp_path: Path) -> None:
    template = made(tmp_path, ordered=True)
    (found,) = [each for each in check_template(template) if each.rule == "physical-name"]
    assert "when the stack is gone the topic stays" in found.message and "generation" in str(found.acknowledged)
    assert [each.rule for each in check_template(template) if each.acknowledged is None] == []


@pytest.mark.long
def test_without_order_a_generation_changes_nothing(tmp_path: Path) -> None:
    assert made(tmp_path / "2", generation=2).body == made(tmp_path / "1").body


@pytest.mark.parametrize("generation", [0, 1000])
def test_a_generation_counts_up(generation: int) -> None:
    entry: Settings = replace(settings.PROD, generation=generation)
    with pytest.raises(ConfigurationError, match="generation"):
        entry.validate()
