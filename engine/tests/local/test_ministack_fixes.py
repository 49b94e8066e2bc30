"""Each correction of local/ministack_fixes.py: what AWS allows is allowed, and what it denies stays denied."""

import io
import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from fanout.local.emulator.connection import ACCOUNT, REGION
from fanout.local.run import Run
from fanout.local.wait import wait_until
from fanout.project import find_root

SENDER = "orders@example.com"
TEMPLATE = {
    "Resources": {
        "Key": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True}},
        },
        "Unsaid": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {}}},
    },
    "Outputs": {"Ref": {"Value": {"Ref": "Key"}}, "Unsaid": {"Value": {"Ref": "Unsaid"}}},
}

TALK = """
def handle(event, context):
    for number in range(20):
        print(event, number, flush=True)
"""
LATE = """
import queue, threading, time, types
from fanout.local.emulator import ministack_fixes
from ministack.core.lambda_runtime import Worker

lines = queue.Queue()
worker = types.SimpleNamespace(config={"Runtime": "python3.14"}, _stderr_queue=lines)

def talk():
    for line in ("one", "two", ministack_fixes._MARK):
        lines.put(line)
        time.sleep(0.05)  # a machine busier than ministack's own patience of 5 ms allows for

threading.Thread(target=talk).start()
print(repr(Worker._drain_stderr_bounded(worker)))
"""


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("emulated"), preferred_port=0)
    run.state.create()
    try:
        run.emulator.start()
        yield run
    finally:
        run.down()


def user(run: Run, name: str, *statements: dict[str, Any]) -> boto3.Session:
    iam = run.connection.session.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})
    iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return run.connection.session_of(key["AccessKeyId"], key["SecretAccessKey"])


def test_a_batch_call_needs_the_permission_of_the_single_one(emulated: Run) -> None:
    url = emulated.connection.session.client("sqs").create_queue(QueueName="batches")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:batches"
    sqs = user(emulated, "sender", {"Action": "sqs:SendMessage", "Resource": arn}).client("sqs")
    assert sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "one"}])["Successful"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "any"}])


def test_a_topic_too(emulated: Run) -> None:
    arn = emulated.connection.session.client("sns").create_topic(Name="batches")["TopicArn"]
    sns = user(emulated, "publisher", {"Action": "sns:Publish", "Resource": arn}).client("sns")
    assert sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[{"Id": "1", "Message": "one"}])["Successful"]


EMAIL: Any = {
    "Destination": {"ToAddresses": ["pat.example@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
}


def mailer(run: Run, name: str, *resources: str) -> Any:
    """SES for a user that may send from SENDER alone, with these resources."""
    arns = [f"arn:aws:ses:{REGION}:{ACCOUNT}:{each}" for each in resources]
    only = {"StringEquals": {"ses:FromAddress": SENDER}}
    return user(run, name, {"Action": "ses:SendEmail", "Resource": arns, "Condition": only}).client("sesv2")


def test_ses_decides_by_the_identity_and_the_from_address(emulated: Run) -> None:
    emulated.connection.session.client("ses").verify_email_identity(EmailAddress=SENDER)
    emulated.connection.session.client("ses").verify_email_identity(EmailAddress="else@example.com")
    for name, resource in (("mailer", f"identity/{SENDER}"), ("free-mailer", "identity/*")):
        ses = mailer(emulated, name, resource)
        assert ses.send_email(FromEmailAddress=f"Forms <{SENDER}>", **EMAIL)["MessageId"]
        with pytest.raises(ClientError, match="AccessDenied"):
            ses.send_email(FromEmailAddress="else@example.com", **EMAIL)


def test_ses_also_asks_for_a_verified_recipient_and_for_the_configuration_set(emulated: Run) -> None:
    root = emulated.connection.session.client("sesv2")
    root.create_configuration_set(ConfigurationSetName="tracked")
    root.create_email_identity(EmailIdentity="tester@example.org")
    root.create_email_identity(EmailIdentity=SENDER)
    narrow = mailer(emulated, "narrow", f"identity/{SENDER}", "identity/example.com")
    identities = mailer(emulated, "identities", "identity/*")
    everything = mailer(emulated, "everything", "identity/*", "configuration-set/*")
    verified: Any = {**EMAIL, "Destination": {"ToAddresses": ["Tester <tester@example.org>"]}}
    with pytest.raises(ClientError, match="AccessDenied"):
        narrow.send_email(FromEmailAddress=SENDER, **verified)
    assert identities.send_email(FromEmailAddress=SENDER, **verified)["MessageId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        identities.send_email(FromEmailAddress=SENDER, ConfigurationSetName="tracked", **verified)
    assert everything.send_email(FromEmailAddress=SENDER, ConfigurationSetName="tracked", **verified)["MessageId"]
    root.delete_email_identity(EmailIdentity=SENDER)
    root.create_email_identity(EmailIdentity=SENDER, ConfigurationSetName="tracked")
    with pytest.raises(ClientError, match="AccessDenied"):
        identities.send_email(FromEmailAddress=SENDER, **EMAIL)
    assert everything.send_email(FromEmailAddress=SENDER, **EMAIL)["MessageId"]


def test_what_a_customer_key_encrypts_asks_for_the_key_too(emulated: Run) -> None:
    session = emulated.connection.session
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    url = session.client("sqs").create_queue(QueueName="locked", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    topic = session.client("sns").create_topic(Name="locked", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    rights = {
        "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sns:Publish"],
        "Resource": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:locked", topic],
    }
    for name, actions, allowed in (
        ("keyless", [], set()),
        ("reader-of-keys", ["kms:Decrypt"], {"receive"}),
        ("key-holder", ["kms:Decrypt", "kms:GenerateDataKey*"], {"receive", "send", "publish"}),
    ):
        keys = [{"Action": actions, "Resource": key}] if actions else []
        who = user(emulated, name, rights, *keys)
        calls: dict[str, Any] = {
            "receive": lambda who=who: who.client("sqs").receive_message(QueueUrl=url),
            "send": lambda who=who: who.client("sqs").send_message(QueueUrl=url, MessageBody="one"),
            "publish": lambda who=who: who.client("sns").publish(TopicArn=topic, Message="one"),
        }
        for what, call in calls.items():
            if what in allowed:
                assert call(), (name, what)
            else:
                with pytest.raises(ClientError, match="AccessDenied|AuthorizationError|Denied"):
                    call()


def zipped(program: str) -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("program.py", program)
    return code.getvalue()


def make_function(run: Run, name: str, program: str) -> None:
    """It logs to /<name>."""
    session = run.connection.session
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": trust}))
    functions = session.client("lambda")
    functions.create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="program.handle",
        Code={"ZipFile": zipped(program)},
        Timeout=20,
        LoggingConfig={"LogGroup": f"/{name}"},
    )

    def is_active() -> bool:
        return functions.get_function_configuration(FunctionName=name)["State"] == "Active"

    wait_until(is_active, what="the function to be active", deadline=10)


def test_every_line_of_an_invocation_is_in_its_log(emulated: Run) -> None:
    session = emulated.connection.session
    make_function(emulated, "talker", TALK)
    functions = session.client("lambda")
    for invocation in ("first", "second"):
        functions.invoke(FunctionName="talker", Payload=json.dumps(invocation))
        pages = session.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/talker")
        lines = [event["message"].strip() for page in pages for event in page["events"]]
        assert [line for line in lines if line.startswith(invocation)] == [f"{invocation} {n}" for n in range(20)]
        assert not [line for line in lines if "end of invocation" in line]


SLOW = """
import time
from pathlib import Path

def handle(event, context):
    Path(event).touch()
    while not Path(event + ".finish").exists():
        time.sleep(0.01)
    return "old"
"""


def test_an_update_lets_an_invocation_under_way_finish_and_the_next_one_runs_the_new_code(
    emulated: Run, tmp_path: Path
) -> None:
    functions = emulated.connection.session.client("lambda")
    make_function(emulated, "slow", SLOW)
    started = tmp_path / "started"
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(functions.invoke, FunctionName="slow", Payload=json.dumps(str(started)))
        wait_until(started.exists, what="the invocation to begin", deadline=10)
        functions.update_function_code(FunctionName="slow", ZipFile=zipped("def handle(event, context): return 'new'"))
        functions.update_function_configuration(FunctionName="slow", Description="changed")
        assert functions.invoke(FunctionName="slow", Payload="1")["Payload"].read() == b'"new"'
        assert not slow.done()
        (tmp_path / "started.finish").touch()
        assert slow.result()["Payload"].read() == b'"old"'


def test_lines_that_come_late_are_waited_for() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LATE], cwd=find_root(), capture_output=True, text=True, check=True, timeout=30
    )
    assert told.stdout.splitlines()[-1] == repr("one\ntwo")


def test_a_log_is_read_to_its_end_page_by_page_and_by_one_of_several_words(emulated: Run) -> None:
    logs = emulated.connection.session.client("logs")
    logs.create_log_group(logGroupName="/many")
    logs.create_log_stream(logGroupName="/many", logStreamName="s")
    now = int(time.time() * 1000) - 60_000
    for begin in range(0, 10_500, 3_500):
        lines: Any = [{"timestamp": now + n, "message": f"line-{n} of many"} for n in range(begin, begin + 3_500)]
        logs.put_log_events(logGroupName="/many", logStreamName="s", logEvents=lines)

    def read(pattern: str, **more: Any) -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/many", filterPattern=pattern, **more)
        return [event["message"] for page in pages for event in page["events"]]

    assert read("") == [f"line-{n} of many" for n in range(10_500)]
    first = logs.filter_log_events(logGroupName="/many")
    assert len(first["events"]) == 10_000 and first["nextToken"]
    assert read("", startTime=now + 10, endTime=now + 11) == ["line-10 of many", "line-11 of many"]
    assert read('?"line-10499 of" ?"line-7 of"') == ["line-7 of many", "line-10499 of many"]
    assert read('"line-10499 of"') == ["line-10499 of many"]
    assert logs.filter_log_events(logGroupName="/many", filterPattern='"nothing"')["events"] == []


def test_ref_of_a_secret_is_its_arn_and_its_value_keeps_to_the_alphabet(emulated: Run) -> None:
    session = emulated.connection.session
    formation = session.client("cloudformation")
    formation.create_stack(StackName="secrets", TemplateBody=json.dumps(TEMPLATE))
    formation.get_waiter("stack_create_complete").wait(
        StackName="secrets", WaiterConfig={"Delay": 0, "MaxAttempts": 100}
    )
    outputs = formation.describe_stacks(StackName="secrets")["Stacks"][0]["Outputs"]
    ref, unsaid = (each["OutputValue"] for each in outputs)
    assert ref.startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:secrets-Key")
    reader = user(emulated, "reader", {"Action": "secretsmanager:GetSecretValue", "Resource": ref})
    value = reader.client("secretsmanager").get_secret_value(SecretId=ref)["SecretString"]
    assert re.fullmatch("[A-Za-z0-9]{64}", value)
    assert len(session.client("secretsmanager").get_secret_value(SecretId=unsaid)["SecretString"]) == 32
    formation.delete_stack(StackName="secrets")
    formation.get_waiter("stack_delete_complete").wait(
        StackName="secrets", WaiterConfig={"Delay": 0, "MaxAttempts": 100}
    )
    with pytest.raises(ClientError, match="ResourceNotFound"):
        session.client("secretsmanager").get_secret_value(SecretId=ref)


def test_a_schedule_publishes_with_the_rights_of_its_role_and_fills_in_what_it_knows(emulated: Run) -> None:
    session = emulated.connection.session
    iam, sqs, sns = session.client("iam"), session.client("sqs"), session.client("sns")
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    queue = sqs.create_queue(QueueName="scheduled", Attributes={"Policy": policy})["QueueUrl"]
    topic = sns.create_topic(Name="scheduled")["TopicArn"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:scheduled"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for name, resource in (("denied", f"{topic}-other"), ("allowed", topic)):  # in this order they are due
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        rights = {"Effect": "Allow", "Action": "sns:Publish", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=document)
        message = f"{name} <aws.scheduler.scheduled-time> <aws.scheduler.execution-id>"
        session.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="at(2026-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:scheduler:::aws-sdk:sns:publish",
                "RoleArn": role,
                "Input": json.dumps({"TopicArn": topic, "Message": message}),
            },
        )

    def received() -> list[Any]:
        return list(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []))

    (told,) = wait_until(received, what="the schedule to publish", deadline=30, every=0.2)
    assert re.fullmatch(r"allowed \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [0-9a-f-]{36}", told["Body"])
    assert received() == []


def test_a_line_in_the_embedded_metric_format_becomes_metrics_and_any_other_none(emulated: Run) -> None:
    session, now = emulated.connection.session, time.time()
    logs, cloudwatch = session.client("logs"), session.client("cloudwatch")
    logs.create_log_group(logGroupName="measured")
    logs.create_log_stream(logGroupName="measured", logStreamName="one")
    wanted = [{"Name": name, "Unit": "Count"} for name in ("Done", "Attempts")]
    directive = {"Namespace": "Ours", "Dimensions": [["task"], ["task", "form"]], "Metrics": wanted}
    line = {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
        "task": "a",
        "form": "f",
        "Done": 2,
        "Attempts": [1, 3],
        "LeftOut": 9,
    }
    missing = {key: value for key, value in line.items() if key != "Attempts"}
    lines = [json.dumps(line), json.dumps(line), '{"_aws": 1}', '"_aws" {', '{"Done": 5}', json.dumps(missing)]
    events = [{"timestamp": int(now * 1000), "message": each} for each in lines]
    logs.put_log_events(logGroupName="measured", logStreamName="one", logEvents=events)  # type: ignore[arg-type]

    def moment(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    def sum_of(name: str, **dimensions: str) -> float:
        of = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        metric = {"Namespace": "Ours", "MetricName": name, "Dimensions": of}
        query: Any = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        told = cloudwatch.get_metric_data(
            StartTime=moment(now - 120), EndTime=moment(now + 60), MetricDataQueries=[query]
        )
        return sum(told["MetricDataResults"][0]["Values"])

    assert (sum_of("Attempts", task="a"), sum_of("Attempts", task="a", form="f"), sum_of("LeftOut", task="a")) == (
        8,
        8,
        0,
    )
    assert sum_of("Done", task="a") == 6 and sum_of("Done", task="b") == 0


def test_a_mapping_has_its_templates_tags_beside_those_of_operators(emulated: Run) -> None:
    session = emulated.connection.session
    functions, cloudformation = session.client("lambda"), session.client("cloudformation")
    session.client("sqs").create_queue(QueueName="tagged")

    def deploy(method: Any, **tags: str) -> dict[str, dict[str, str]]:
        mapping = {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": "nobodys",
                "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:tagged",
                "Enabled": False,
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            },
        }
        method(StackName="tagged", TemplateBody=json.dumps({"Resources": {"Mapping": mapping}}))
        return listed()

    def listed() -> dict[str, dict[str, str]]:
        found = session.client("resourcegroupstaggingapi").get_resources(
            ResourceTypeFilters=["lambda:event-source-mapping"], TagFilters=[{"Key": "task"}]
        )
        return {
            each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
            for each in found["ResourceTagMappingList"]
        }

    deploy(cloudformation.create_stack, task="a", old="x")
    cloudformation.get_waiter("stack_create_complete").wait(StackName="tagged", WaiterConfig={"Delay": 1})
    ((arn, tags),) = listed().items()
    assert tags == {"task": "a", "old": "x"} == functions.list_tags(Resource=arn)["Tags"]
    functions.tag_resource(Resource=arn, Tags={"paused": "by me"})
    deploy(cloudformation.update_stack, task="b")
    cloudformation.get_waiter("stack_update_complete").wait(StackName="tagged", WaiterConfig={"Delay": 1})
    assert listed() == {arn: {"task": "b", "paused": "by me"}}
