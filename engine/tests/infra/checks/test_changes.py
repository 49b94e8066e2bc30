"""What a deployment over our own stacks would do, said in the words of queues."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.diff.change import KINDS, Change
from fanout.diff.compare import compare, compare_stacks
from fanout.template.template import Template
from tests.examples import examples
from tests.infra.checks.spoiling import (
    DEAD_LETTER_POLICY,
    QUEUE_POLICY,
    TOPIC_POLICY,
    Spoil,
    Stack,
    own_key_for_dead_letters,
    put,
    redrive,
    snapshot,
    take,
)

BOTH, KEYS = ("dev", "prod"), ("prod",)


def changes(old: Any, new: Any) -> list[Change]:
    return compare(Template(old, name="old"), Template(new, name="new"))


def kinds(found: list[Change]) -> set[str]:
    return {each.kind for each in found}


def dangers(found: list[Change]) -> set[str]:
    return {each.kind for each in found if each.danger}


def renamed(body: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    """The template after a construct was renamed: other logical ids, other hashes, other paths."""
    text = json.dumps(body)
    for logical_id in body["Resources"]:
        if logical_id.startswith(before):
            text = text.replace(logical_id, after + logical_id.removeprefix(before)[:-8] + "0DDBA11E")
    found: dict[str, Any] = json.loads(text.replace(f"/{before}/", f"/{after}/"))
    return found


def remove_subscriber(stack: Stack) -> None:
    for name, each in list(stack.resources.items()):
        if "/NotifyPartner/" in each["Metadata"]["aws:cdk:path"]:
            del stack.resources[name]
        elif "/Operator/" in each["Metadata"]["aws:cdk:path"]:
            for statement in each["Properties"]["PolicyDocument"]["Statement"]:
                if isinstance(statement["Resource"], list):
                    kept = [one for one in statement["Resource"] if "NotifyPartner" not in json.dumps(one)]
                    statement["Resource"] = kept


def lose_retain(stack: Stack) -> None:
    stack.resources[stack.id("NotifyPartner/DeadLetterQueue")]["DeletionPolicy"] = "Delete"


def narrow_filter(stack: Stack) -> None:
    stack.subscription["FilterPolicy"] = {"shop_id": ["contact"]}


CASES: list[tuple[str, Spoil, set[str], tuple[str, ...]]] = [
    ("nothing", lambda stack: None, set(), BOTH),
    ("subscriber removed", remove_subscriber, {"subscriber-removed"}, BOTH),
    ("queue named", put("queue", "QueueName", "webhooks"), {"queue-replaced", "subscription-replaced"}, BOTH),
    ("dead letters named", put("dead_letters", "QueueName", "letters"), {"dead-letter-queue-replaced"}, BOTH),
    ("queue FIFO", put("queue", "FifoQueue", True), {"queue-replaced", "subscription-replaced"}, BOTH),
    (
        "topic named",
        lambda stack: stack.properties("OrderPlaced/Topic").update(TopicName="orders"),
        {"topic-replaced", "subscription-replaced"},
        BOTH,
    ),
    ("bucket named", lambda stack: stack.properties("Archive/Bucket").update(BucketName="orders"), {"data-replaced"}, BOTH),
    ("retention shortened", put("queue", "MessageRetentionPeriod", 86_400), {"retention-shortened"}, BOTH),
    ("retention by default", take("dead_letters", "MessageRetentionPeriod"), {"retention-shortened"}, BOTH),
    ("fewer attempts", lambda stack: redrive(stack, maxReceiveCount=3), {"attempts-lowered"}, BOTH),
    ("more attempts", lambda stack: redrive(stack, maxReceiveCount=9), set(), BOTH),
    ("less visibility", put("queue", "VisibilityTimeout", 30), {"visibility-lowered"}, BOTH),
    ("smaller messages", put("queue", "MaximumMessageSize", 65_536), {"size-lowered"}, BOTH),
    ("size of a queue by default", take("queue", "MaximumMessageSize"), {"size-lowered"}, BOTH),
    ("smaller events", lambda stack: stack.properties("OrderPlaced/Topic").update(MaximumMessageSize=1_024), {"size-lowered"}, BOTH),
    ("larger events", lambda stack: stack.properties("OrderPlaced/Topic").update(MaximumMessageSize=1_048_576), set(), BOTH),
    ("no dead letters", take("queue", "RedrivePolicy"), {"dead-letter-queue-lost"}, BOTH),
    ("no dead letters of SNS", take("subscription", "RedrivePolicy"), {"dead-letter-queue-lost"}, BOTH),
    ("alarm removed", lambda stack: stack.remove("NotifyPartner/DeadLetterAlarm"), {"alarm-lost"}, BOTH),
    ("alarm mute", take("alarm", "AlarmActions"), {"alarm-lost"}, BOTH),
    ("alarm on sent", put("alarm", "MetricName", "NumberOfMessagesSent"), {"alarm-lost"}, BOTH),
    ("topic locked out", lambda stack: stack.drop(QUEUE_POLICY), {"statement-lost", "delivery-refused"}, BOTH),
    ("plain HTTP to the queue", lambda stack: stack.drop(QUEUE_POLICY, effect="Deny"), {"tls-lost"}, BOTH),
    ("plain HTTP to the letters", lambda stack: stack.drop(DEAD_LETTER_POLICY, effect="Deny"), {"tls-lost"}, BOTH),
    ("plain HTTP to the topic", lambda stack: stack.drop(TOPIC_POLICY, effect="Deny"), {"tls-lost"}, BOTH),
    ("policy removed", lambda stack: stack.remove(QUEUE_POLICY), {"statement-lost", "tls-lost", "delivery-refused"}, BOTH),
    ("key of the queue gone", take("queue", "KmsMasterKeyId"), {"encryption-lost"}, KEYS),
    ("publisher without key", lambda stack: stack.drop("OrderPlaced/PublisherPolicy", action="kms"), {"statement-lost"}, KEYS),
    ("another key of the letters", own_key_for_dead_letters, {"encryption-begins"}, KEYS),
    ("filter", narrow_filter, {"filter-narrowed"}, BOTH),
    ("envelopes again", take("subscription", "RawMessageDelivery"), {"body-changed"}, BOTH),
    ("mapping disabled", put("mapping", "Enabled", False), {"mapping-disabled"}, BOTH),
    ("mapping filter", put("mapping", "FilterCriteria", {"Filters": [{"Pattern": "{}"}]}), {"filter-narrowed"}, BOTH),
    ("whole batches", take("mapping", "FunctionResponseTypes"), {"partial-batch-lost"}, BOTH),
    ("letters deleted with the stack", lose_retain, {"retain-lost"}, KEYS),
    ("no traces of the function", put("function", "TracingConfig", {"Mode": "PassThrough"}), set(), BOTH),
    ("no right to trace", lambda stack: stack.drop("NotifyPartner/Role/DefaultPolicy", action="xray"), set(), ("dev",)),
    ("slower function", put("function", "Timeout", 20), set(), BOTH),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "spoil", "expected"),
    [
        pytest.param(stack, spoil, expected, id=f"{case}-{stack}")
        for case, spoil, expected, names in CASES
        for stack in names
    ],
)
def test_each_danger_is_told_and_no_other(name: str, spoil: Spoil, expected: set[str]) -> None:
    stack = Stack(snapshot(name))
    spoil(stack)
    assert dangers(changes(snapshot(name), stack.body)) == expected


def test_the_same_template_has_no_changes() -> None:
    assert changes(snapshot("prod"), snapshot("prod")) == []


@pytest.mark.parametrize("name", BOTH)
def test_a_renamed_construct_replaces_its_queues(name: str) -> None:
    found = changes(snapshot(name), renamed(snapshot(name), "NotifyPartner", "TellWebhook"))
    replaced = {each.kind: each for each in found if each.danger}
    assert set(replaced) == {"queue-replaced", "dead-letter-queue-replaced", "subscription-replaced"}
    assert re.search(r"moves from NotifyPartnerQueue\w+ to TellWebhookQueue\w+", replaced["queue-replaced"].message)
    fate = "the old one stays, but nothing uses it" if name == "prod" else "what is in it is lost"
    assert fate in replaced["queue-replaced"].message
    assert kinds(found) - set(replaced) == {"logical-id-moved"}


def test_a_queue_that_moves_alone_takes_its_subscription_along_and_nothing_else() -> None:
    stack = Stack(snapshot("dev"))
    moved = json.loads(json.dumps(stack.body).replace(stack.id("NotifyPartner/Queue"), "NotifyPartnerInbox0DDBA11E"))
    found = changes(snapshot("dev"), moved)
    assert dangers(found) == {"queue-replaced", "subscription-replaced"}
    assert {each.path for each in found} == {f"NotifyPartner/{each}" for each in ("Queue", "Subscription", "Mapping")}


def test_a_subscriber_added_is_one_change_without_danger() -> None:
    stack = Stack(snapshot("dev"))
    remove_subscriber(stack)
    found = changes(stack.body, snapshot("dev"))
    assert [(each.kind, each.path) for each in found] == [("subscriber-added", "NotifyPartner/Queue")]


def test_a_function_only_updated_is_said_to_be_only_updated() -> None:
    stack = Stack(snapshot("dev"))
    stack.function["Code"]["S3Key"] = "another.zip"
    assert [(each.kind, each.message) for each in changes(snapshot("dev"), stack.body)] == [
        ("function-updated", "updated in place: Code")
    ]


def test_a_danger_is_allowed_by_its_name_or_by_name_and_resource() -> None:
    stack = Stack(snapshot("dev"))
    stack.queue["MessageRetentionPeriod"] = 60
    found = changes(snapshot("dev"), stack.body)[0]
    for name in (
        "retention-shortened",
        "retention-shortened:NotifyPartner/Queue",
        f"retention-shortened:{found.resource}",
    ):
        assert found.allow(frozenset([name])).allowed
    for name in ("queue-replaced", "retention-shortened:SendReceipt/Queue", ""):
        assert not found.allow(frozenset([name])).allowed


def test_stacks_come_and_go() -> None:
    one = {"a": Template({"Resources": {}}, name="a"), "b": Template({"Resources": {}}, name="b")}
    two = {"b": Template({"Resources": {}}, name="b"), "c": Template({"Resources": {}}, name="c")}
    assert [(each.kind, each.stack) for each in compare_stacks(one, two)] == [
        ("stack-removed", "a"),
        ("stack-added", "c"),
    ]


@given(st.data())
@settings(max_examples=examples(60), deadline=2000)
def test_any_two_templates_can_be_compared(data: st.DataObject) -> None:
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, True, 0, "", "*", [], {}, [None], {"Ref": "X"}, {"Fn::If": ["a", 1, 2]}, {"a": [{}]}]
    )
    sides = []
    for name in ("dev", "prod"):
        body = copy.deepcopy(snapshot(name))
        resource = body["Resources"][data.draw(st.sampled_from(sorted(body["Resources"])))]
        properties = resource.setdefault("Properties", {})
        for key in data.draw(st.lists(st.sampled_from([*properties, "Properties"]), max_size=3)):
            (resource if key == "Properties" else properties)[key] = data.draw(odd)
        sides.append(body)
    assert kinds(changes(*sides)) <= set(KINDS)


CONTACT: dict[str, Any] = {"shop_id": ["contact"]}
BEATS: dict[str, Any] = {"type": ["fanout.heartbeat.v1"]}


@pytest.mark.parametrize(
    ("was", "is_now", "expected"),
    [
        (CONTACT, {"$or": [CONTACT, BEATS]}, {"filter-widened"}),  # heartbeats are switched on
        ({"$or": [CONTACT, BEATS]}, CONTACT, {"filter-narrowed"}),
        ({"$or": [CONTACT, BEATS]}, {"$or": [{"shop_id": ["contact", "order"]}, BEATS]}, {"filter-widened"}),
        ({"$or": [{"shop_id": ["contact", "order"]}, BEATS]}, {"$or": [CONTACT, BEATS]}, {"filter-narrowed"}),
        ({"$or": [CONTACT, BEATS]}, {"$or": [BEATS, CONTACT]}, set()),
        (None, {"$or": [CONTACT, BEATS]}, {"filter-narrowed"}),
        ({"$or": [CONTACT, BEATS]}, None, {"filter-widened"}),
    ],
)
def test_alternatives_of_a_filter_are_compared_one_by_one(was: Any, is_now: Any, expected: set[str]) -> None:
    old, new = Stack(snapshot("dev")), Stack(snapshot("dev"))
    for stack, policy in ((old, was), (new, is_now)):
        if policy is not None:
            stack.subscription["FilterPolicy"] = policy
    assert kinds(changes(old.body, new.body)) == expected
