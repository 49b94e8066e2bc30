"""A task is broken on the deployed stack: what it emits, evaluated by the alarm as deployed, rings; and healed, it stops.

The embedded CloudWatch does not evaluate alarms on SQS, so the queue's count, which is what the metric would be, is
looked at here, and the rules are those of tests/infra/alarm_evaluator.py.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.alarm_evaluator import Recorded, states
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator, keys_with
from tests.local.test_fan_out import new_event, publish

pytestmark = pytest.mark.long

TASK, FORM = "notify_partner", "alarming"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def deployed_alarm(deployed: Deployed, kind: str) -> dict[str, Any]:
    cloudwatch = deployed.session.client("cloudwatch")
    alarms: list[Any] = list(cloudwatch.describe_alarms(AlarmNamePrefix="OrderEvents-local-")["MetricAlarms"])
    (found,) = [dict(each) for each in alarms if f"NotifyPartner{kind}Alarm" in each["AlarmName"]]
    return found


@pytest.fixture
def operator(deployed: Deployed, tmp_path: Path) -> Operator:
    """Of a stack without dead letters."""
    deployed.session.client("sqs").purge_queue(QueueUrl=deployed.stack.subscriber(TASK).dead_letter_queue_url)
    return Operator(deployed, tmp_path / "journal", keys_with(deployed, READ, HEAL))


def test_a_broken_task_rings_and_what_the_alarm_says_heals_it(deployed: Deployed, operator: Operator) -> None:
    alarm = deployed_alarm(deployed, "DeadLetter")
    (dimension,) = alarm["Dimensions"]
    assert dimension["Value"] == deployed.stack.subscriber(TASK).dead_letter_queue_url.rsplit("/", 1)[1]
    series: list[float | None] = [deployed.evidence.dead(TASK)]
    deployed.receiver.answer(status=410, containing=FORM)
    event = new_event(FORM)
    publish(deployed, event)
    deployed.wait_until_dead(event["id"], TASK)
    series.append(deployed.evidence.dead(TASK))
    recorded: Recorded = {alarm["MetricName"]: series}
    assert states(alarm, recorded) == ["OK", "ALARM"]

    deployed.receiver.heal()
    look, redrive = re.findall(r"^\$ fanout (.*)$", alarm["AlarmDescription"], re.MULTILINE)
    assert "410" in operator.run(*look.split(), status=None)
    operator.run(*redrive.split(), "--yes")
    deployed.wait_until_done(event["id"], TASK)
    series += [deployed.evidence.dead(TASK)] * 5
    assert states(alarm, recorded)[-1] == "OK"


def test_the_runtimes_numbers_and_the_publishers_trace_are_in_the_log(deployed: Deployed) -> None:
    event = new_event(FORM)
    event["traceparent"] = TRACE
    publish(deployed, event)
    deployed.wait_until_done(event["id"], "archive_order")
    lines = deployed.logs("archive_order")
    (said,) = [each for each in lines if each.get("event_id") == event["id"]]
    assert (said["traceparent"], said["trace_id"]) == (TRACE, TRACE.split("-")[1])
    emitted = deployed.wait_until(
        lambda: [each for each in deployed.logs("archive_order") if each.get("shop_id") == FORM and "_aws" in each],
        "a line of metrics",
    )
    assert emitted[0]["stack"] == "OrderEvents-local" and emitted[0]["Done"] >= 1
    assert emitted[0]["Latency"][0] >= 0
    assert json.dumps(event["data"]["items"])[1:-1] not in json.dumps(emitted)
