"""`fanout verify` on the deployed stack: what the embedded AWS can show passes, what it cannot is said, nothing is left."""

import json
from pathlib import Path

import pytest

from fanout.ops.verify.probes import PREFIX
from fanout.ops.verify.steps.table import STEPS
from tests.local.conftest import Deployed
from tests.local.operator import Operator
from tests.unit.ops.verify.given import probe

pytestmark = pytest.mark.long

SHORT = ("retry", "dead", "duplicate", "alarm")
"""Beside the core: those that wait for seconds alone."""


@pytest.fixture
def operator(deployed: Deployed, tmp_path: Path) -> Operator:
    """Who deployed it."""
    return Operator(deployed, tmp_path / "journal", {})


def test_a_deployment_proves_itself_and_nothing_is_left(deployed: Deployed, operator: Operator) -> None:
    left = deployed.stack.subscriber("notify_partner").dead_letter_queue_url
    sqs = deployed.session.client("sqs")
    sqs.send_message(QueueUrl=left, MessageBody=json.dumps(probe("killed-1")))  # of a run that was killed
    names = [each.name for each in STEPS if each.core or each.name in SHORT]
    only = [word for name in names for word in ("--only", name)]
    told = json.loads(operator.run("verify", *only, "--yes", "--json", timeout=300))
    path = Path(told["facts"])
    try:
        results = {each["step"]: each["result"] for each in told["steps"]}
        unshown = {each.name for each in STEPS if each.embedded}
        passed = {"wiring", "publisher", "delivery", *SHORT, "clean"}
        assert {name for name, result in results.items() if result == "passed"} == passed, told
        assert {name for name, result in results.items() if result == "not shown here"} == unshown & set(names)
        assert results["schedule"] == "skipped"  # these settings have no heartbeat
        facts = path.read_text()
        assert json.loads(facts)["aws"] == "embedded" and "000000000000" not in facts
    finally:
        path.unlink()
    for each in deployed.stack.subscribers:
        attributes = sqs.get_queue_attributes(QueueUrl=each.dead_letter_queue_url, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert not [each for each in deployed.receiver.requests() if PREFIX in str(each)]
