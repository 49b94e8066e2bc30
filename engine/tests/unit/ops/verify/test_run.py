"""A run from beginning to end: what others left, what it leaves, what it writes, and whom it refuses."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fanout.errors import OpsError, Unusable
from fanout.ops.aws.session import Aws
from fanout.ops.verify import caution, file, session
from fanout.ops.verify.cleaning import clean
from fanout.ops.verify.probes import PREFIX, is_probe
from fanout.ops.verify.result import Failed, NotShown, Skipped
from fanout.ops.verify.runner import Runner
from fanout.ops.verify.steps.table import STEPS, Step
from fanout.ops.verify.verification import Verification
from tests.unit.ops.given import event, message
from tests.unit.ops.verify.given import AT, probe
from tests.unit.ops.verify.world import World

DEAD = "https://sqs/1/bill-dead"


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (probe(), True),
        (probe("another-run-1"), True),
        ({**probe(), "type": "form.probe.v1"}, True),
        ({**probe(), "type": "order.placed.v1"}, False),  # somebody's event with an id like ours
        ({**probe(), "id": "e1"}, False),
        ({**probe(), "id": ["fanout-probe-"]}, False),
        (event(), False),
        ("not JSON", False),
    ],
)
def test_a_probe_is_known_by_type_and_id_together(body: Any, ours: bool) -> None:
    assert is_probe(message(body)) is ours


def test_only_probes_are_cleaned_away_those_of_a_killed_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    for number, body in enumerate([probe(), event(1), {**probe("killed-2"), "type": "fanout.probe.v1"}, event(2)]):
        world.sqs.put(DEAD, json.dumps(body), id_=f"m{number}")
    world.clock.time = AT.timestamp() + 3_600
    assert clean(world.stack) == (2, [])
    assert [json.loads(each)["id"] for each in world.sqs.bodies(DEAD)] == ["e1", "e2"]
    assert len(world.sqs.visible(DEAD)) == 2


def test_what_cannot_be_cleaned_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.sqs.put(DEAD, json.dumps(probe()))
    world.sqs.fails = lambda entry: "InternalError" if "VisibilityTimeout" not in entry else None
    world.clock.time = AT.timestamp() + 3_600
    assert clean(world.stack) == (0, ["bill: 1 probe could not be deleted"])


def test_what_a_run_that_goes_on_needs_is_left_and_its_own_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    now = datetime.fromtimestamp(world.clock(), UTC).isoformat()
    for id_ in ("mine-1", "a-colleagues-1"):
        world.sqs.put(DEAD, json.dumps(probe(id_, time=now)))
    assert clean(world.stack) == (0, [])
    assert clean(world.stack, f"{PREFIX}mine-") == (1, [])
    assert [json.loads(each)["id"] for each in world.sqs.bodies(DEAD)] == [f"{PREFIX}a-colleagues-1"]


@pytest.mark.parametrize("time", ["never", 5, None, "9999-12-31T23:59:59-23:59"])
def test_a_probe_with_a_time_that_no_run_writes_is_of_none(time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.sqs.put(DEAD, json.dumps(probe(time=time)))
    assert clean(world.stack) == (1, [])


def test_a_probe_in_somebodys_hand_is_not_told_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.sqs.put(DEAD, json.dumps(probe()))
    world.sqs.receive_message(QueueUrl=DEAD, MaxNumberOfMessages=1, VisibilityTimeout=40_000)
    count, (line,) = clean(world.stack)
    assert count == 0 and line.startswith("bill: not looked at: 1 dead letter in somebody's hand")


def ending(error: BaseException | None) -> Any:
    def check(verification: Verification) -> str:
        if error is not None:
            raise error
        return "seen"

    return check


def denied() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: a:B"}}, "B")


@pytest.mark.parametrize(
    ("error", "result", "seen"),
    [
        (None, "passed", "seen"),
        (Failed("no"), "failed", "no"),
        (NotShown("not here"), "not shown here", "not here"),
        (Skipped("nothing to do"), "skipped", "nothing to do"),
        (denied(), "failed", "these credentials may not a:B"),
        (OpsError("no such task"), "failed", "no such task"),
    ],
)
def test_however_a_step_ends_the_next_one_runs(
    error: BaseException | None, result: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (Step("first", "it", ending(error), 1), Step("second", "it", ending(None), 1))
    first, second, last = Runner(World(monkeypatch).verification(), steps).run()
    assert (first.result, first.seen.startswith(seen)) == (result, True)
    assert (second.result, last.step, last.result) == ("passed", "clean", "passed")


def test_what_the_embedded_aws_cannot_show_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step("metrics", "it", ending(AssertionError("tried")), 1, embedded="it has none")
    first, _ = Runner(World(monkeypatch, is_aws=False).verification(), (step,)).run()
    assert (first.result, first.seen) == ("not shown here", "the embedded AWS: it has none")


def test_what_costs_real_events_an_attempt_is_done_in_production_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step("crash", "it", ending(None), 1, careful=True)
    verification = World(monkeypatch, protected=True).verification()
    assert next(Runner(verification, (step,)).run()).result == "skipped"
    verification.asked = ("crash",)
    assert next(Runner(verification, (step,)).run()).result == "passed"
    assert next(Runner(World(monkeypatch).verification(), (step,)).run()).result == "passed"


@pytest.mark.parametrize("ended", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_however_a_run_ends_its_dead_letters_go(ended: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)

    def leave(verification: Verification) -> str:
        world.sqs.put(DEAD, json.dumps(probe()))
        raise ended

    with pytest.raises(type(ended)):
        list(Runner(world.verification(), (Step("one", "it", leave, 1),)).run())
    assert world.sqs.bodies(DEAD) == []


def test_what_a_killed_run_left_is_gone_before_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.sqs.put(DEAD, json.dumps(probe("killed-1")))
    world.clock.time = AT.timestamp() + 3_600
    (last,) = Runner(world.verification(), ()).run()
    assert (last.result, last.seen) == ("passed", "no probe is a dead letter")


def test_a_letter_that_stays_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.sqs.put(DEAD, json.dumps(probe()))
    world.sqs.fails = lambda entry: "InternalError" if "VisibilityTimeout" not in entry else None
    (last,) = Runner(world.verification(), ()).run()
    assert (last.step, last.result) == ("clean", "failed")


def test_the_facts_are_dated_and_name_no_account_and_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    verification = World(monkeypatch).verification()
    verification.learn("who?", "arn:aws:iam::123456789012:user/me and pat@example.org", 1.234)
    path = file.write(verification, [])
    assert path.parent == tmp_path / ".fanout" and path.name == "verify-Orders-dev-2025-06-15.json"
    told = json.loads(path.read_text())
    assert told["facts"] == [
        {"question": "who?", "answer": "arn:aws:iam::ACCOUNT:user/me and ADDRESS", "seconds": 1.23}
    ]
    assert (told["aws"], told["region"], told["at"]) == ("AWS", "eu-west-1", "2025-06-15T15:06:40+00:00")
    assert file.write(verification, []) == path and len(list(path.parent.iterdir())) == 1


def test_a_disk_that_takes_nothing_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".fanout").write_text("a file")
    with pytest.raises(Unusable, match="the facts cannot be written"):
        file.write(World(monkeypatch).verification(), [])


KEPT = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "RetainExceptOnCreate"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"protected": True}, ["its data is kept, so it is production"]),
        ({"resources": {"Queue": KEPT}}, ["its data is kept, so it is production"]),
        ({"resources": {"Queue": {**KEPT, "DeletionPolicy": "Delete"}}}, []),
        ({"others": 2}, ["2 subscriptions of its topic are not this stack's, and get the probes too"]),
    ],
)
def test_what_is_not_verified_without_being_asked_twice(
    given: dict[str, Any], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert caution.reasons(World(monkeypatch, **given).verification()) == said


def throttled(**_: Any) -> Any:
    raise ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "ListSubscriptionsByTopic")


def test_who_else_listens_is_not_told_as_nobody_where_sns_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    verification = World(monkeypatch).verification()
    cast(Any, verification.stack.aws.sns).get_paginator = lambda name: SimpleNamespace(paginate=throttled)
    (reason,) = caution.reasons(verification)
    assert reason.startswith("who else listens to its topic, and gets the probes too, could not be asked (AWS is busy")


def test_a_subscription_that_could_not_be_read_is_no_filter_that_keeps_probes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)
    verification = world.verification()
    cast(Any, verification.stack.aws.sns).get_paginator = lambda name: SimpleNamespace(paginate=throttled)
    first, _ = Runner(verification, [each for each in STEPS if each.name == "delivery"]).run()
    assert first.result == "failed" and "the subscription of" in first.seen and "could not be read" in first.seen
    assert world.published == []


class Sts:
    """Answers with keys, and remembers what it was asked."""

    def __init__(self, refused: str = "") -> None:
        self.refused, self.asked = refused, dict[str, Any]()

    def assume_role(self, **asked: Any) -> Any:
        return self._answer(asked)

    def get_federation_token(self, **asked: Any) -> Any:
        return self._answer(asked)

    def _answer(self, asked: dict[str, Any]) -> Any:
        self.asked = asked
        if self.refused:
            raise ClientError({"Error": {"Code": self.refused, "Message": ""}}, "AssumeRole")
        return {"Credentials": {"AccessKeyId": "k", "SecretAccessKey": "s", "SessionToken": "t"}}


@pytest.mark.parametrize(
    ("caller", "role", "assumed"),
    [
        ("arn:aws:iam::1:user/me", None, None),
        ("arn:aws:iam::1:user/me", "arn:aws:iam::1:role/verifier", "arn:aws:iam::1:role/verifier"),
        ("arn:aws:sts::1:assumed-role/deployer/me", None, "arn:aws:iam::1:role/deployer"),
        (
            "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1/me",
            None,
            "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1",
        ),
    ],
)
def test_a_session_is_limited_to_the_policies(caller: str, role: str | None, assumed: str | None) -> None:
    sts = Sts()
    aws = cast(Aws, SimpleNamespace(sts=sts, caller=caller, region="eu-west-1"))
    session.limited(aws, ["arn:policy"], role)
    assert sts.asked.get("RoleArn") == assumed
    assert sts.asked["PolicyArns"] == [{"arn": "arn:policy"}] and sts.asked["DurationSeconds"] == 900


def test_without_a_session_nothing_is_shown_and_what_helps_is_told() -> None:
    aws = cast(Aws, SimpleNamespace(sts=Sts("AccessDenied"), caller="arn:aws:iam::1:user/me", region="eu-west-1"))
    with pytest.raises(NotShown, match=r"no session with the stack's policies alone \(AccessDenied\): give --role"):
        session.limited(aws, ["arn:policy"])
    with pytest.raises(NotShown, match="11 policies: a session can be limited to 10"):
        session.limited(aws, ["arn:policy"] * 11)


def test_every_probe_of_a_run_has_its_prefix_and_an_id_that_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    verification = world.verification()
    verification.publish("crash", "crash", at=[world.stack.subscribers[0]], task="bill")
    sent = json.loads(world.published[0]["Message"])
    assert sent["id"].startswith(verification.prefix) and verification.prefix.startswith(PREFIX)
    assert sent["data"] == {"task": "bill", "do": "crash", "until_attempt": 2, "seconds": 900}
