"""Each step passes where a deployment keeps its promise, and fails where it does not: one broken world for each check."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.ops import recipients
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.deploy import facts
from fanout.ops.deploy.fact import Fact
from fanout.ops.doctor.doctor import Problem
from fanout.ops.recipients import Unheard
from fanout.ops.status import report as status
from fanout.ops.verify.result import Failed, NotShown, Skipped
from fanout.ops.verify.steps import account, heartbeat, wiring
from fanout.ops.verify.steps.table import STEPS, chosen
from tests.unit.ops.aws.logs import outcome
from tests.unit.ops.verify.world import TASKS, World

BY_NAME = {each.name: each.check for each in STEPS}
SAID = {
    "schedule": "enabled, rate(5 minutes)",
    "publisher": "published; refused: GetTopicAttributes, ListSubscriptionsByTopic, ReceiveMessage, plain HTTP",
    "delivery": "done at 2 subscribers, the slowest after 0.2 s",
    "patterns": "outcomes, announcements and ends are found by their patterns",
    "metrics": "Probe measured at 2 subscribers",
    "trace": "2 traces of 2 found",
    "retry": "second attempts: bill 30.0 s of 30.0, ship 30.0 s of 30.0",
    "dead": "2 dead letters with cause PermanentError, at the first attempt",
    "duplicate": "one of two copies is a duplicate at bill, ship",
    "slow": "given up as OutOfTime, and its neighbour done, at 2 subscribers",
    "undeliverable": "in the dead-letter queue of 2 subscriptions",
    "crash": "came back, and done at the second attempt, at 2 subscribers",
}
BROKEN = [
    ("schedule", "schedule disabled", "is DISABLED"),
    ("publisher", "publisher may not publish", "the publisher's policy does not let publish (AccessDenied)"),
    ("publisher", "publisher may look", "GetTopicAttributes is allowed with the publisher's policy alone"),
    ("publisher", "publisher may list", "ListSubscriptionsByTopic is allowed"),
    ("publisher", "publisher may receive", "ReceiveMessage is allowed"),
    ("publisher", "plain HTTP is let in", "plain HTTP is allowed"),
    ("publisher", "busy", "expected a refusal, and AWS said Throttling"),
    ("delivery", "not delivered", "ship: no outcome of the probe in its log, after 90 s"),
    ("delivery", "no log", "bill, ship: no outcome of the probe in its log"),
    ("delivery", "unknown version", "of an engine that knows no probe: deploy this version first"),
    ("delivery", "fails", "the probe's outcome is failed (TypeError: asked for)"),
    ("patterns", "no log", "an event by its id"),
    ("patterns", "no announcement", "an announcement by its message"),
    ("patterns", "no report", "Lambda's report by its request"),
    ("metrics", "no metrics", "bill, ship: no metric Probe in Fanout, after 240 s"),
    ("trace", "trace is lost", "none of 2 traces"),
    ("trace", "no trace", "no outcome names a trace"),
    ("retry", "nothing comes back", "no second attempt of the transient failure"),
    ("retry", "retry at once", "bill: its second attempt came after 0.0 s, and 30.0 s were asked for"),
    ("retry", "retry late", "bill: its second attempt came after 100.0 s"),
    ("dead", "not buried", "the permanent failure is in no dead-letter queue"),
    ("dead", "no cause", "its dead letter has not the cause"),
    ("duplicate", "done twice", "two copies of one event were done and done"),
    ("slow", "slow is killed", "attempt 1 was failed Timeout: expected failed OutOfTime"),
    ("slow", "fails", "attempt 1 was failed TypeError: expected done"),
    ("undeliverable", "undeliverable is lost", "what SNS could not deliver is in no dead-letter queue, after 120 s"),
    ("crash", "no crash", "the probe did not crash its function"),
    ("crash", "nothing comes back", "what crashed has not come back"),
]


def check(name: str, world: World) -> str:
    """After the happy probe had the time to arrive, where the step looks for what it left."""
    verification = world.verification()
    if name in ("trace", "metrics", "patterns"):
        verification.publish("done")
        world.pass_(1)
    return BY_NAME[name](verification)


@pytest.mark.parametrize("name", SAID)
def test_a_promise_that_is_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(name, World(monkeypatch)) == SAID[name]


@pytest.mark.parametrize(("name", "broken", "said"), BROKEN)
def test_a_promise_that_is_broken(name: str, broken: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failed) as raised:
        check(name, World(monkeypatch, frozenset([broken])))
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_every_check_is_shown_to_fail() -> None:
    here = {name for name, _, _ in BROKEN} | {"account", "wiring", "recipients", "alarm", "heartbeat"}
    assert here | {"heal"} == {each.name for each in STEPS}  # the last: test_heal.py


def problem(kind: str) -> Problem:
    return Problem(kind, "Bill/Queue", "VisibilityTimeout is 1, deployed was 120", "put it back")


@pytest.mark.parametrize(("kind", "fails"), [("drift", True), ("unheard", False)])
def test_what_was_changed_by_hand_is_seen(kind: str, fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hears of alarms is a step of its own."""
    monkeypatch.setattr(wiring, "examine", lambda stack: [problem(kind)])
    world = World(monkeypatch)
    if fails:
        with pytest.raises(Failed, match="drift Bill/Queue: VisibilityTimeout is 1"):
            check("wiring", world)
    else:
        assert check("wiring", world) == "2 subscribers and 1 resource as deployed"


def test_an_alarm_that_nobody_hears_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = [Unheard("topic", "nobody is subscribed to the alarms' topic", "set alarm_recipients")]
    monkeypatch.setattr(wiring, "unheard", lambda stack: silent)
    world = World(monkeypatch)
    with pytest.raises(Failed, match="nobody is subscribed to the alarms' topic: set alarm_recipients"):
        check("recipients", world)
    silent[:] = [Unheard("topic", "could not be asked", "look yourself", unread=True)]
    with pytest.raises(NotShown, match="could not be asked"):
        check("recipients", world)
    silent.clear()
    assert "has confirmed it" in check("recipients", world)
    assert recipients.unheard(World(monkeypatch, is_aws=False).stack) == []
    with pytest.raises(NotShown):
        check("recipients", World(monkeypatch, is_aws=False))


def test_facts_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Fact("sandbox", "is SES out of its sandbox?", True, "yes")]
    monkeypatch.setattr(facts, "ask", lambda account: found)
    monkeypatch.setattr(account, "needs_of", lambda template: None)
    assert check("account", World(monkeypatch)) == "1 fact hold"
    found.append(Fact("quota", "is there room?", None, "could not be asked", "look yourself"))
    assert check("account", World(monkeypatch)).endswith("could not be asked: quota")
    found[0] = Fact("sandbox", "is SES out of its sandbox?", False, "no", "ask AWS for production access")
    with pytest.raises(Failed, match="sandbox: no: ask AWS for production access"):
        check("account", World(monkeypatch))
    del found[0]
    with pytest.raises(NotShown):
        check("account", World(monkeypatch))


@pytest.mark.parametrize("shown", [True, False])
def test_an_alarm_rings_where_people_look_and_is_what_it_was(shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)

    def report(stack: Any) -> Any:
        ringing = [{"name": name} for name, state in world.alarms.items() if state == "ALARM" and shown]
        ringing.append({"name": "Orders-dev-Another"})
        return SimpleNamespace(alarms=ringing)

    monkeypatch.setattr(status, "report", report)
    if shown:
        assert check("alarm", world).startswith("Orders-dev-NeedsAPerson rang, and fanout status said so")
    else:
        with pytest.raises(Failed, match="status does not show the alarm that rings, after 60 s"):
            check("alarm", world)
    assert world.alarms == {"Orders-dev-NeedsAPerson": "OK"}


def test_a_stack_without_a_quiet_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    for alarms, said in (({}, "no alarms"), ({"Orders-dev-NeedsAPerson": "ALARM"}, "does not ring already")):
        world = World(monkeypatch, alarms=dict(alarms))
        with pytest.raises(Failed, match=said):
            check("alarm", world)
        assert world.alarms == alarms


def test_a_heartbeat_within_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.beat(*TASKS)
    world.pass_(299)
    assert check("heartbeat", world) == "acknowledged by 2 subscribers within 5 minutes"
    for tasks, silent in (((), "bill, ship"), (("bill",), "ship")):
        world = World(monkeypatch)
        world.beat(*tasks)
        with pytest.raises(Failed, match=f"{silent}: acknowledged no heartbeat, after 360 s"):
            check("heartbeat", world)


def test_where_a_pattern_answers_more_another_outcome_is_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEATS", "")
    world = World(monkeypatch)
    for task in TASKS:
        world.logs.write(task, outcome("done"))
    with pytest.raises(Failed, match="acknowledged no heartbeat"):
        check("heartbeat", world)


@pytest.mark.parametrize("name", ["schedule", "heartbeat"])
def test_without_a_heartbeat_there_is_nothing_to_prove(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic's stack may have one."""
    with pytest.raises(Skipped, match="^the stack publishes no heartbeat: its topic's stack does, or nobody"):
        check(name, World(monkeypatch, resources={}))


@pytest.mark.parametrize("name", ["metrics", "trace", "undeliverable", "account", "recipients"])
def test_what_the_embedded_aws_cannot_show_is_said_and_never_passed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotShown, match="the embedded AWS"):
        check(name, World(monkeypatch, is_aws=False))
    assert next(each for each in STEPS if each.name == name).embedded


def test_a_trace_that_the_settings_do_not_ask_for_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotShown, match="no function is traced: tracing is 'pass-through' in the settings"):
        check("trace", World(monkeypatch, frozenset({"not traced", "no trace"})))


def test_a_task_that_claims_nothing_has_no_duplicate(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotShown, match="no task of this stack keeps claims"):
        check("duplicate", World(monkeypatch, variables={names.IDEMPOTENT: "false"}))


def test_what_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotShown, match="the first retry of each subscriber is longer than the 180 s"):
        check("retry", World(monkeypatch, variables={names.RETRY_DELAYS: "181,600"}))


@pytest.mark.parametrize("name", ["retry", "dead", "slow"])
def test_a_task_that_the_topic_calls_is_told_to_fail_at_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's every try there is the first, so a probe of each task would end as a dead letter after `clean`."""
    world = World(monkeypatch)
    called = DeployedSubscriber(world.aws, "Purge", "purge", "", "https://sqs/1/d", "purge", subscription_arn="arn:s")
    world.stack = replace(world.stack, subscribers=(*world.stack.subscribers, called))
    told = BY_NAME[name](world.verification())
    assert told.startswith(SAID[name].partition("; ")[0])
    data = [json.loads(each["Message"])["data"] for each in world.published]
    assert [each["task"] for each in data if each["do"] != "done"] == [*TASKS]


def test_a_filter_gets_the_attributes_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, policies={"bill": {"shop": ["berlin"]}})
    assert check("delivery", world) == SAID["delivery"]
    sent = [{name: each["StringValue"] for name, each in one["MessageAttributes"].items()} for one in world.published]
    beat = names.HEARTBEAT_TYPE
    assert sent == [{"type": beat, "shop": "berlin"}, {"type": beat}]


def test_a_filter_that_no_probe_passes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, policies={"ship": {"weight": [{"numeric": [">", 5]}]}})
    told = check("delivery", world)
    assert told.endswith("; not shown at ship, whose filter keeps probes back")
    with pytest.raises(NotShown, match="no filter of the topic's subscribers lets a probe through"):
        check("delivery", World(monkeypatch, policies=dict.fromkeys(TASKS, {"weight": [{"numeric": [">", 5]}]})))


def test_the_core_takes_minutes_and_a_step_has_one_name() -> None:
    assert [each.name for each in chosen((), core=True)] == [
        "account", "wiring", "recipients", "schedule", "publisher", "delivery"
    ]  # fmt: skip
    assert chosen((), core=False) == STEPS
    assert [each.name for each in chosen(["heal", "dead"], core=False)] == ["dead", "heal"]
    with pytest.raises(ValueError, match=r"^no step 'hael': expected account, wiring"):
        chosen(["hael"], core=False)
