"""The night: a webhook breaks, events die, an operator finds them, understands them, and heals them exactly once."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fanout.local.errors import LocalError
from fanout.ops.aws.lanes import lanes_for
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator, bury, deliveries, keys_with, made_up, publish

pytestmark = pytest.mark.long

TASK = "notify_partner"


@pytest.fixture
def operator(deployed: Deployed, tmp_path: Path) -> Iterator[Operator]:
    deployed.receiver.forget()
    empty(deployed)
    yield Operator(deployed, tmp_path / "journal", keys_with(deployed, READ, HEAL))
    empty(deployed)


def empty(deployed: Deployed) -> None:
    """What another test leaves behind must not fail the next one."""
    deployed.session.client("sqs").purge_queue(QueueUrl=deployed.stack.subscriber(TASK).dead_letter_queue_url)


def dead(deployed: Deployed, count: int) -> None:
    try:
        deployed.wait_until(lambda: deployed.evidence.dead(TASK) == count, f"{count} dead letters", deadline=40)
    except LocalError as error:
        pytest.fail(f"{error}: there are {deployed.evidence.dead(TASK)}")


def test_events_die_of_one_cause_and_are_healed_exactly_once(deployed: Deployed, operator: Operator) -> None:
    deployed.receiver.answer(503)
    events = publish(deployed, 12, "night")
    dead(deployed, 12)

    status = operator.json("status", status=1)
    (health,) = [each for each in status["subscribers"] if each["task"] == TASK]
    assert (health["dead"], health["mapping"], status["needs_a_person"]) == (12, "Enabled", True)
    assert health["last_error"]["error"] == "the webhook answered 503"

    (summaries,) = operator.json("dead", "list", TASK)
    assert [(each["error"], each["count"]) for each in summaries["groups"]] == [("the webhook answered 503", 12)]

    stopped = operator.run("dead", "redrive", TASK, "--all", "--yes", status=1)
    assert "the canary failed again (TransientError: the webhook answered 503)" in stopped
    dead(deployed, 12)

    deployed.receiver.heal()
    healed = operator.json("dead", "redrive", TASK, "--cause", summaries["groups"][0]["cause"], "--yes")
    assert (healed["stopped"], healed["sent"], healed["seen_done"]) == (None, 12, 12)
    assert deliveries(deployed, events) == [1] * 12
    assert deployed.evidence.dead(TASK) == 0
    assert "canary-answer" not in str(operator.journal())


def test_what_breaks_in_the_middle_stops_and_nothing_is_lost(deployed: Deployed, operator: Operator) -> None:
    events = made_up(40, "middle")
    bury(deployed, events)
    process = operator.start("dead", "redrive", TASK, "--all", "--yes", "--rate", "10", "--stop-after", "3")
    assert process.stdout
    while "canary done" not in process.stdout.readline():
        assert process.poll() is None
    deployed.receiver.answer(503)
    out, _ = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "of those sent failed again (TransientError: the webhook answered 503): the rest is untouched" in out
    deployed.receiver.heal()
    operator.run("dead", "redrive", TASK, "--all", "--yes", "--force")
    deployed.wait_until(lambda: deliveries(deployed, events) == [1] * 40, "all 40 delivered, each once")


def test_killed_in_the_middle_and_run_again_the_counts_add_up(deployed: Deployed, operator: Operator) -> None:
    events = made_up(300, "killed")
    bury(deployed, events)
    arguments = ("dead", "redrive", TASK, "--all", "--yes", "--no-canary", "--rate", "400", "--lease", "5")
    process = operator.start(*arguments)
    deployed.wait_until(lambda: sum(each["step"] == "deleted" for each in operator.journal()) >= 50, "some are moved")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = deployed.evidence.dead(TASK)
    assert 0 < left < 300
    again = operator.json(*arguments)
    steps = [each["step"] for each in operator.journal() if "letter" in each]
    # What SQS deleted at the moment of the kill, ten at most in each lane, has no line.
    assert 300 - 10 * lanes_for(400) <= steps.count("deleted") <= 300
    assert again["sent"] + again["deleted_only"] == left
    assert deployed.evidence.dead(TASK) == 0
    deployed.wait_until(lambda: deliveries(deployed, events) == [1] * 300, "all 300 delivered, each once", deadline=60)
