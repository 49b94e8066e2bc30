"""Every command of the night shift on the deployed stack, under exactly the operator's policies."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from fanout import names
from fanout.ops.aws.mappings import all_mappings, all_tags, mapping_of
from fanout.ops.aws.metrics import Metric, read_metrics
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import read_subscriptions
from fanout.ops.dead_letters.browse import browse
from fanout.ops.journal import Journal
from fanout.ops.redrive.mover import MessageMover
from tests.local.conftest import Deployed
from tests.local.operator import HEAL, READ, Operator, bury, deliveries, keys_with, made_up
from tests.local.test_fan_out import new_event, publish

pytestmark = pytest.mark.long

TASK = "notify_partner"
SECRET = "canary-answer"


@pytest.fixture
def operator(deployed: Deployed, tmp_path: Path) -> Iterator[Operator]:
    deployed.receiver.forget()
    yield Operator(deployed, tmp_path / "journal", keys_with(deployed, READ, HEAL))
    deployed.session.client("sqs").purge_queue(QueueUrl=deployed.stack.subscriber(TASK).dead_letter_queue_url)


def visible(deployed: Deployed) -> tuple[int, int]:
    url = deployed.stack.subscriber(TASK).dead_letter_queue_url
    found = deployed.session.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def test_looking_hides_nothing_and_shows_no_answer(deployed: Deployed, operator: Operator) -> None:
    bury(deployed, made_up(25, "look"))
    for columns in (80, 120):
        operator.columns = columns
        out = operator.run("dead", "list", TASK) + operator.run("status", status=1)
        assert "\x1b" not in out and max(map(len, out.splitlines())) <= columns
    assert visible(deployed) == (25, 0)
    shown = operator.run("dead", "show", "look-7")
    assert "NotDelivered" in out and "look-7" in shown and SECRET not in out + shown
    few = operator.json("dead", "list", TASK, "--limit", "10", status=1)[0]
    assert (few["total"], few["looked_at"], few["complete"]) == (25, 10, False)


def test_answers_are_shown_for_a_reason_that_is_kept(deployed: Deployed, operator: Operator) -> None:
    bury(deployed, made_up(1, "reveal"))
    assert "a reason is needed" in operator.run("dead", "show", "reveal-0", "--reveal", status=2)
    shown = operator.json("dead", "show", "reveal-0", "--reveal", "--reason", "INC-1")
    assert shown["event"]["data"]["items"] == {"q": SECRET}
    line = operator.journal()[-1]
    assert (line["step"], line["reason"]) == ("revealed", "INC-1")
    assert line["who"].split("/")[0].endswith(":user") and SECRET not in json.dumps(line)


def test_an_event_is_sent_followed_and_found_again(deployed: Deployed, operator: Operator) -> None:
    sent = operator.json("send", "--example", "--count", "2", "--yes", "--wait")
    assert {(each["task"], each["done"]) for each in sent["tasks"]} == {(task, 2) for task in deployed.stack.tasks}
    found = operator.json("where", sent["published"][0])
    assert {(each["task"], each["state"]) for each in found} == {(task, "done") for task in deployed.stack.tasks}
    assert sent["published"][1] in operator.run("tail", TASK, "--once", "--since", "1min")
    assert "not seen: no record, no log line" in operator.run("where", "nobody-knows-it", status=1)


def test_logs_show_every_line_of_a_task(deployed: Deployed, operator: Operator) -> None:
    (sent,) = operator.json("send", "--example", "--yes", "--wait")["published"]
    lines = operator.run("logs", TASK, "--since", "1min").splitlines()
    assert any("INFO" in line and f"event_id={sent}" in line for line in lines)
    assert any("received" in line for line in lines)


def test_a_pause_keeps_events_waiting_and_says_why(deployed: Deployed, operator: Operator) -> None:
    bury(deployed, made_up(1, "paused"))
    paused = operator.json("pause", TASK, "--reason", "INC-2: it is down", "--yes")
    assert (paused["task"], paused["state"], paused["reason"]) == (TASK, "paused", "INC-2: it is down")
    try:
        (health,) = [each for each in operator.json("status", status=1)["subscribers"] if each["task"] == TASK]
        assert health["pause"]["reason"] == "INC-2: it is down"
        assert any(each.startswith("paused: INC-2: it is down (user/user-") for each in health["problems"])
        assert "is paused" in operator.run("dead", "redrive", TASK, "--all", "--yes", status=2)
        deployed.session.client("lambda").update_event_source_mapping(UUID=mapping(deployed), Enabled=True)
        assert "drift: paused by user/user-" in operator.run("status", status=1)
    finally:
        operator.run("resume", TASK, "--yes")
    assert "is empty, for 2 s" in operator.run("drain", TASK, "--deadline", "20", "--quiet-for", "2")
    left = operator.json("drain", TASK, "--deadline", "20", "--quiet-for", "0")
    assert left == {"task": TASK, "left": 0, "empty": True}


def mapping(deployed: Deployed) -> str:
    name = deployed.stack.subscriber(TASK).function_name
    return deployed.session.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0][
        "UUID"
    ]


def test_what_no_code_can_read_is_mended_by_hand(deployed: Deployed, operator: Operator) -> None:
    (event,) = made_up(1, "mend")
    body = json.loads(event.body)
    del body["data"]["items"]
    url = deployed.stack.subscriber(TASK).dead_letter_queue_url
    sqs = deployed.session.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    sqs.send_message(QueueUrl=url, MessageBody="no event \u0007at all".replace("\u0007", ""))

    stopped = operator.run("dead", "redrive", TASK, "--id", "mend-0", "--yes", status=1)
    line = " ".join(stopped.split())
    assert "the canary failed again (ContractViolation: event.data must contain ['items'] properties)" in line
    deployed.wait_until(lambda: visible(deployed) == (2, 0), "it is dead again")

    patch = '[{"op": "add", "path": "/data/items", "value": {"q": "canary-answer"}}]'
    edit = ("dead", "edit", "mend-0", "--reason", "INC-3", "--yes", "--patch")
    assert "must stay" in operator.run(*edit, '[{"op": "replace", "path": "/id", "value": "other"}]', status=2)
    out = operator.run(*edit, patch)
    assert "add /data/items" in out and SECRET not in out
    deployed.wait_until(lambda: deliveries(deployed, [event]) == [1], "the mended event is delivered")
    assert SECRET not in json.dumps(operator.journal())
    assert "not an event" in operator.run("dead", "show", sent_id(deployed))


def sent_id(deployed: Deployed) -> str:
    (message,) = deployed.evidence.dead_letters(TASK)
    return message["MessageId"]


def test_dropped_letters_are_in_a_file_that_brings_them_back(deployed: Deployed, operator: Operator) -> None:
    events = made_up(12, "file")
    bury(deployed, events)
    exported = operator.json("dead", "export", TASK, "--reason", "INC-4")
    assert exported["count"] == 12 and Path(exported["file"]).stat().st_mode & 0o777 == 0o600
    assert "12 dead letters" in operator.run("dead", "drop", TASK, "--all", "--reason", "INC-4", "--dry-run")
    assert Path(exported["file"]).read_text().count(f'"stack": "{deployed.stack.name}"') == 12
    operator.run("dead", "drop", TASK, "--all", "--reason", "INC-4", "--yes")
    assert visible(deployed) == (0, 0)
    (dropped,) = operator.home.glob("dropped-*.jsonl")
    assert "12 sent, 0" in operator.run("dead", "import", str(dropped), "--yes")
    assert "0 sent, 12" in operator.run("dead", "import", str(dropped), "--yes")
    deployed.wait_until(lambda: deliveries(deployed, events) == [1] * 12, "all are delivered, each once")


def test_two_operators_at_once_send_nothing_twice(deployed: Deployed, operator: Operator, tmp_path: Path) -> None:
    events = made_up(100, "both")
    bury(deployed, events)
    other = Operator(deployed, tmp_path / "other", operator.keys)
    command = ("dead", "redrive", TASK, "--all", "--yes", "--no-canary", "--rate", "200", "--lease", "20", "--json")
    running = [each.start(*command) for each in (operator, other)]
    told = [json.loads(each.communicate(timeout=60)[0]) for each in running]
    assert sum(each["sent"] for each in told) == 100
    deployed.wait_until(lambda: deliveries(deployed, events) == [1] * 100, "all are delivered, each once")


def test_who_is_ready_for_a_type_is_read_from_the_filters_that_are_deployed(
    deployed: Deployed, operator: Operator
) -> None:
    asked = ("check", "--publisher-next", "order.placed.v2")
    assert {each["state"] for each in operator.json(*asked, status=1)["subscribers"]} == {"may not read it"}
    sns, filters = (
        deployed.session.client("sns"),
        {"archive_order": ["order.placed.v1", "order.placed.v2"], TASK: ["order.placed.v1"]},
    )
    listed = {each.task: read_subscriptions(each)[0] for each in deployed.stack.subscribers}
    arns = {
        each["Endpoint"].rpartition(":")[2]: each["SubscriptionArn"]
        for each in sns.list_subscriptions_by_topic(TopicArn=deployed.stack.topic_arn)["Subscriptions"]
    }
    assert not any(each.policy for each in listed.values())
    try:
        for task, types in filters.items():
            arn = arns[deployed.stack.subscriber(task).queue_name]
            policy = json.dumps({"type": types})
            sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=policy)
        found = operator.json(*asked, status=1)["subscribers"]
        assert {each["subscriber"]: each["state"] for each in found} == {
            "archive_order": "ready", TASK: "misses it", "send_receipt": "may not read it"
        }  # fmt: skip
    finally:
        for task in filters:
            arn = arns[deployed.stack.subscriber(task).queue_name]
            sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{}")


def test_what_was_changed_by_hand_is_found(deployed: Deployed, operator: Operator) -> None:
    assert "is as it was deployed" in operator.run("doctor")
    url, sqs = deployed.stack.subscriber(TASK).queue_url, deployed.session.client("sqs")
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "31"})
    try:
        found = {(each["kind"], each["what"].split(":")[0]) for each in operator.json("doctor", status=1)}
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)
    assert ("finding", "visibility-below-six-timeouts") in found
    assert ("drift", f"VisibilityTimeout is 31, deployed was {before['VisibilityTimeout']}") in found


def test_who_may_look_is_told_of_all_mappings_and_metrics_in_a_call_each(deployed: Deployed) -> None:
    """And nobody who may not: `status` asks for each subscriber by itself then, and a test would not see it."""
    looks = Aws(deployed.session_with({}, deployed.stack.outputs[READ]))
    listed = all_mappings(looks)
    tags = {arn: told[names.TASK_TAG] for arn, told in all_tags(looks).items()}
    for each in deployed.stack.subscribers:
        assert tags[mapping_of(each, listed)["EventSourceMappingArn"]] == each.task
    publish(deployed, event := new_event())
    deployed.wait_until_done(event["id"], TASK)
    of = ((names.STACK_DIMENSION, deployed.stack.name), (names.TASK_DIMENSION, TASK))
    done, now = Metric(names.NAMESPACE, names.DONE, "Sum", of), datetime.now(UTC) + timedelta(seconds=1)
    found = read_metrics(looks, [done], now - timedelta(minutes=5), now)
    assert sum(count for _, count in found[done]) >= 1
    for ask in (all_mappings, all_tags):
        with pytest.raises(ClientError, match="AccessDenied"):
            ask(Aws(deployed.session_with({})))


def test_who_may_only_look_is_told_what_is_missing(deployed: Deployed, operator: Operator) -> None:
    bury(deployed, made_up(1, "reader"))
    operator.keys = keys_with(deployed, READ)
    assert "1 dead letter" in operator.run("status", status=1)
    for command, action in {
        ("dead", "redrive", TASK, "--all", "--yes"): "sqs:SendMessage",
        ("dead", "drop", TASK, "--all", "--yes", "--reason", "x"): "sqs:DeleteMessage",
        ("pause", TASK, "--yes", "--reason", "x"): "lambda:TagResource",
    }.items():
        said = operator.run(*command, status=2)
        assert said.count("\n") == 1 and f"these credentials may not {action}" in said
    deployed.wait_until(lambda: visible(deployed) == (1, 0), "the message is shown again")
    operator.keys = {}
    assert "no stack OrderEvents-nowhere in eu-west-1" in operator.run("status", "--env", "nowhere", status=2)


@pytest.mark.parametrize("command", [("tail", TASK, "--since", "10m"), ("status", "--watch")])
def test_ctrl_c_ends_quietly(operator: Operator, command: tuple[str, ...]) -> None:
    process = operator.start(*command)
    publish(operator.deployed, new_event())
    assert process.stdout and process.stdout.readline()  # it is at work
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 130


def test_a_fifo_queue_keeps_its_groups_and_their_order(deployed: Deployed, tmp_path: Path) -> None:
    """Straight at the part that moves messages: no subscriber of this stack is FIFO yet."""
    sqs = deployed.session.client("sqs")
    urls = [
        sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        for name in ("orders", "orders-dead")
    ]
    for number in range(4):
        sqs.send_message(
            QueueUrl=urls[1],
            MessageBody=str(number),
            MessageGroupId=f"g{number % 2}",
            MessageDeduplicationId=str(number),
        )
    aws = Aws(deployed.session)
    subscriber = DeployedSubscriber(aws, "Orders", "orders", urls[0], urls[1], "no-function")
    redrive = MessageMover(subscriber, Journal(tmp_path / "journal.jsonl", "me", "test"))
    with browse(aws, urls[1]) as browsing:
        for page in browsing.pages():
            redrive.move(page, browsing)
    moved = sqs.receive_message(QueueUrl=urls[0], MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    assert sorted((each["Attributes"]["MessageGroupId"], each["Body"]) for each in moved) == [
        ("g0", "0"),
        ("g0", "2"),
        ("g1", "1"),
        ("g1", "3"),
    ]
    assert not {each["Attributes"]["MessageDeduplicationId"] for each in moved} & {str(number) for number in range(4)}
    assert redrive.tally.sent == 4
