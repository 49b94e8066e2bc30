"""`fanout check --publisher-next`: who is ready for a type, by filters as SNS answers them."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout.cli import publisher_next as command
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.publisher_next import BLIND, MISSES, READY, UNCONCERNED, UNSEEN, readiness
from tests.unit.fanout import Run

TOPIC = "arn:aws:sns:eu-west-1:123456789012:Orders"
V1, V2 = "order.placed.v1", "order.placed.v2"
HEARTBEAT = {"type": ["fanout.heartbeat.v1"]}
Filter = dict[str, Any] | ClientError | None


def ours(*types: str, **more: Any) -> dict[str, Any]:
    """As the engine's subscriptions have it, heartbeats beside."""
    return {"$or": [{"type": [*types], **more}, HEARTBEAT]}


def stack(**filters: Filter) -> Stack:
    """A task for each filter, and on the topic also what is in no stack of ours."""
    tasks = {name: each for name, each in filters.items() if not name.startswith("other_")}
    endpoints = {
        name: ("sqs", f"arn:aws:sqs:eu-west-1:123456789012:S-{name}-Queue") for name in filters
    } | {"other_web": ("https", "https://example.com/hook?token=secret"), "other_mail": ("email", "someone@example.com")}  # fmt: skip

    def pages(**_: Any) -> list[dict[str, Any]]:
        found = [
            {"SubscriptionArn": f"{TOPIC}:{name}", "Protocol": endpoints[name][0], "Endpoint": endpoints[name][1]}
            for name in filters
        ]
        return [{"Subscriptions": found[:1]}, {"Subscriptions": found[1:]}]

    def attributes(SubscriptionArn: str) -> dict[str, Any]:
        found = filters[SubscriptionArn.rpartition(":")[2]]
        if isinstance(found, ClientError):
            raise found
        scope = {"FilterPolicyScope": "MessageBody"} if found and "data" in found else {}
        return {"Attributes": {"FilterPolicy": json.dumps(found), **scope} if found else {}}

    sns = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=pages), get_subscription_attributes=attributes
    )
    aws = cast(Aws, SimpleNamespace(sns=sns))
    subscribers = tuple(
        DeployedSubscriber(aws, each, each, f"https://sqs/1/S-{each}-Queue", "", each) for each in tasks
    )
    return Stack(aws, "S", "a:b:c:eu-west-1:123456789012:e", "CREATE_COMPLETE", {"TopicArn": TOPIC}, subscribers)


@pytest.mark.parametrize(
    ("policy", "state", "gets", "why"),
    [
        (ours(V1, V2), READY, True, f"its filter names {V2}"),
        ({"type": [V2]}, READY, True, f"its filter names {V2}"),
        (ours(V2, shop_id=["berlin"]), READY, None, f"its filter names {V2}"),
        ({"type": [V2], "data": {"shop_id": ["berlin"]}}, READY, None, f"its filter names {V2}"),
        (ours(V1), MISSES, False, f"its filter lets through {V1}, and not {V2}: deploy it first"),
        (ours("order.cancelled.v1"), UNCONCERNED, False, "its filter lets through order.cancelled.v1, fanout.heartbeat.v1"),
        (None, BLIND, True, "it has no filter on type: nothing says that its code reads this one"),
        ({"shop_id": ["berlin"]}, BLIND, None, "it has no filter on type: nothing says that its code reads this one"),
        ({"type": [{"prefix": "order."}]}, BLIND, True, f"its filter lets {V2} through without naming it: nothing says that its code reads it"),
        ({"type": [{"anything-but": ["fanout.heartbeat.v1"]}]}, BLIND, True, f"its filter lets {V2} through without naming it: nothing says that its code reads it"),
        ({"type": [{"anything-but": [V2]}]}, UNCONCERNED, False, "its filter lets through other events"),
    ],
)  # fmt: skip
def test_a_filter_says_who_is_ready(policy: Filter, state: str, gets: bool | None, why: str) -> None:
    (found,) = readiness(stack(sync_crm=policy), V2)
    assert (found.subscriber, found.state, found.gets, found.why) == ("sync_crm", state, gets, why)
    assert found.is_ready == (state in (READY, UNCONCERNED))


def test_what_may_not_be_read_and_what_is_not_confirmed_is_not_ready() -> None:
    refused = ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, "GetSubscriptionAttributes")
    (found,) = readiness(stack(sync_crm=refused), V2)
    assert (found.state, found.gets, found.is_ready) == (UNSEEN, None, False)
    assert found.why.startswith("its filter cannot be read: ")


def test_who_subscribes_from_elsewhere_counts_too_and_no_address_is_shown() -> None:
    found = readiness(stack(sync_crm=ours(V2), other_team=ours(V1), other_web=None, other_mail=None), V2)
    assert [(each.subscriber, each.state) for each in found] == [
        ("https", BLIND),
        ("sqs S-other_team-Queue", MISSES),
        ("sync_crm", READY),
    ]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys, "check", "--publisher-next")


def deployed(monkeypatch: pytest.MonkeyPatch, found: Stack) -> None:
    monkeypatch.setattr(command, "connect", lambda target: found if target.env == "dev" else None)


def test_the_command_is_1_until_everybody_is_ready(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, stack(sync_crm=ours(V1), archive=ours(V1, V2), invoice=None))
    assert run(V2, "--env", "dev") == 1
    first = [
        line.split()[0] for line in run.out.splitlines() if line and line[0] != " "
    ]  # a narrow screen has more lines
    assert [each for each in first if each in ("invoice", "sync_crm", "archive")] == ["invoice", "sync_crm", "archive"]
    assert f"2 subscribers not ready for {V2}: deploy consumers first" in run.out
    deployed(monkeypatch, stack(sync_crm=ours(V1, V2), archive=ours(V1, V2), bills=ours("bill.made.v1")))
    assert run(V2, "--env", "dev") == 0
    assert f"ready for {V2}; a changed filter takes up to 15 minutes" in run.out
    assert f"{V2} is not in contracts/: the publisher refuses it" in run.out


def test_a_type_that_nobody_gets_is_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, stack(bills=ours("bill.made.v1")))
    assert run(V2, "--env", "dev", "--json") == 1
    assert run.json() == {
        "stack": "S", "type": V2, "in_contracts": False, "ready": False,
        "subscribers": [{
            "subscriber": "bills", "state": UNCONCERNED, "gets": False, "ready": True,
            "why": "its filter lets through bill.made.v1, fanout.heartbeat.v1",
        }],
    }  # fmt: skip
    assert run(V2, "--env", "dev") == 1 and "SNS keeps no event that nobody takes" in run.out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("order", "--env", "dev"), "--publisher-next order: expected a type with its version, as in order.placed.v2"),
        ((V2, "cdk.out", "--env", "dev"), "--publisher-next asks what is deployed: leave out cdk.out"),
        ((V2, "--format", "sarif"), "--publisher-next has no SARIF: give --json"),
        ((V2,), "which stack? give --env dev (or staging, prod, ...), or --stack, or set FANOUT_STACK"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], line: str
) -> None:
    monkeypatch.delenv("FANOUT_STACK", raising=False)
    assert run(*arguments) == 2
    assert run.err == f"error: {line}\n"


def test_the_options_of_a_stack_are_refused_where_none_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(monkeypatch, capsys, "check")
    assert run("cdk.out", "--env", "dev") == 2
    assert run.err.startswith("error: --env, --topic, --profile and --region are for --publisher-next TYPE")
