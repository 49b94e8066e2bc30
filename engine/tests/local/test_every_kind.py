"""One app with every kind of subscriber and of event: each event and each effect is accounted for, a worker's death included."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.contracts.contract import load
from fanout.local.evidence import Evidence
from fanout.local.program import environment
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.publisher import Event, EventPublisher, InvalidEvent, new_event
from tests.places import ENGINE

KINDS = ENGINE / "tests" / "kinds"
FIRST, SECOND = 8, 8
"""Orders of the first version, and of the second."""
TASKS = ("make_invoice", "print_label", "purge_cache")
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Evidence]]:
    before = Path.cwd()
    os.chdir(KINDS)  # where the app is that is deployed
    run = Run(tmp_path_factory.mktemp("kinds"), preferred_port=0)
    try:
        with run.state.lock(waiting=lambda: None):
            evidence = run.up()
        yield run, evidence
    finally:
        run.down()
        os.chdir(before)


def orders() -> list[Event]:
    contracts = load(KINDS / "contracts")
    first = [
        new_event(
            "order.placed.v1",
            {"shop_id": "berlin", "order_id": f"first-{number}", "amount": number},
            source="/shops/berlin",
            event_id=f"first-{number}",
            contracts=contracts,
        )
        for number in range(FIRST)
    ]
    second = [
        new_event(
            "order.placed.v2",
            {"shop_id": "lund", "order_id": f"second-{number}", "cents": number, "currency": "SEK"},
            source="/shops/lund",
            event_id=f"second-{number}",
            contracts=contracts,
        )
        for number in range(SECOND)
    ]
    return first + second


def worker(run: Run) -> "subprocess.Popen[bytes]":
    """As a team runs it: the stack's role and variables, found by the name of the stack."""
    command = [sys.executable, "-m", "fanout", "work", "print_label", "--env", "local"]
    with (run.folder / "worker.log").open("ab") as log:
        return subprocess.Popen(command, cwd=KINDS, env=environment(run.connection), stdout=log, stderr=log)


def effects(run: Run, evidence: Evidence) -> Counter[tuple[str, str]]:
    """How often each task had its effect for each event."""
    bucket, s3 = evidence.stack.outputs["EffectsBucketName"], run.connection.session.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [each["Key"].split("/") for page in pages for each in page.get("Contents", [])]
    return Counter((task, event_id) for task, event_id, _ in keys)


def confirm(run: Run, evidence: Evidence) -> None:
    """As the partner does once, with the token that SNS sent it."""

    def asked() -> str:
        found = [each for each in run.receiver.requests("SubscriptionConfirmation")]
        return found[-1].body if found else ""

    token = json.loads(wait_until(asked, what="SNS to ask the partner", deadline=20, every=0.2))["Token"]
    sns = run.connection.session.client("sns")
    sns.confirm_subscription(TopicArn=evidence.stack.topic_arn, Token=token)


def test_every_event_has_every_effect_once(every_kind: tuple[Run, Evidence]) -> None:
    run, evidence = every_kind
    confirm(run, evidence)
    events = orders()
    publisher = EventPublisher(evidence.stack.topic_arn, session=run.connection.session)
    working = worker(run)
    try:
        publisher.publish_many(events[: len(events) // 2])
        wait_until(
            lambda: any(task == "print_label" for task, _ in effects(run, evidence)),
            what="a label to be printed", deadline=60, every=0.3,
        )  # fmt: skip
        working.kill()  # as a machine that loses its power: nothing is given back
        working.wait()
        publisher.publish_many(events[len(events) // 2 :])
        working = worker(run)
        expected = {(task, each.id) for task in TASKS for each in events}

        def missing() -> set[tuple[str, str]]:
            return expected - effects(run, evidence).keys()

        wait_until(lambda: not missing(), what="all effects", deadline=150, every=1.0)
        wait_until(
            lambda: sum(task == "book_invoice" for task, _ in effects(run, evidence)) == len(events),
            what="an invoice for each order", deadline=60, every=0.5,
        )  # fmt: skip
        working.send_signal(signal.SIGTERM)
        assert working.wait(timeout=60) == 0
    finally:
        working.kill()
        working.wait()
    found = effects(run, evidence)
    repeated = {key: count for key, count in found.items() if count != 1}
    assert {task for task, _ in repeated} <= {"print_label"}, (
        repeated
    )  # an effect before its record, when it was killed
    assert sum(repeated.values()) <= 2 * 10
    assert {key for key in found if key[0] != "book_invoice"} == expected
    delivered = Counter(
        json.loads(json.loads(each.body)["Message"])["id"]
        for each in run.receiver.requests("order.placed")
        if json.loads(each.body)["Type"] == "Notification"
    )
    assert delivered == Counter({each.id: 1 for each in events})
    assert [evidence.dead_letters(each.task) for each in evidence.stack.subscribers] == [[]] * 4


def test_a_type_that_no_contract_describes_is_published_by_nobody(every_kind: tuple[Run, Evidence]) -> None:
    contracts = load(KINDS / "contracts")
    with pytest.raises(InvalidEvent, match=r"event.type must be"):
        new_event("order.cancelled.v1", {}, source="/shops/berlin", contracts=contracts)


def test_what_waits_longer_than_its_worker_lives_is_not_lost(every_kind: tuple[Run, Evidence]) -> None:
    """Nobody works: the event waits in the worker's queue, whatever the others do."""
    run, evidence = every_kind
    one = new_event(
        "order.placed.v2",
        {"shop_id": "lund", "order_id": "patient", "cents": 1, "currency": "SEK"},
        source="/shops/lund",
        event_id="patient",
        contracts=load(KINDS / "contracts"),
    )
    EventPublisher(evidence.stack.topic_arn, session=run.connection.session).publish(one)
    wait_until(
        lambda: ("make_invoice", "patient") in effects(run, evidence), what="the invoice", deadline=60, every=0.3
    )
    assert ("print_label", "patient") not in effects(run, evidence)
    working = worker(run)
    try:
        wait_until(
            lambda: ("print_label", "patient") in effects(run, evidence), what="the label", deadline=60, every=0.3
        )
    finally:
        working.send_signal(signal.SIGTERM)
        assert working.wait(timeout=60) == 0
    assert effects(run, evidence)["print_label", "patient"] == 1
