"""A task outside of Lambda: what its service, its role and its scaling are, and what stays out where it runs elsewhere."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2

import fanout
from fanout.constructs import (
    App,
    CircuitBreaker,
    ConfigurationError,
    FanoutStack,
    Heartbeat,
    Monitoring,
    OperatorPolicies,
    Settings,
    Subscriber,
    Topic,
    Worker,
)
from fanout.constructs.worker.scaling import steps
from stacks import settings
from tests.infra.conftest import cdk_context


def stack_of(entry: Settings, outdir: Path, **arguments: Any) -> FanoutStack:
    app = App(context=cdk_context(), outdir=str(outdir))
    stack = FanoutStack(app, f"Worker-{entry.name}", settings=entry)
    topic = Topic(stack, "OrderPlaced", settings=entry)
    arguments = {"environment": {"ARCHIVE_BUCKET": "b"}, **arguments}
    Subscriber(stack, "Print", topic=topic, task="archive_order", **arguments)
    Heartbeat(stack, "Heartbeat", topic=topic)
    Monitoring(stack, "Watch", topic=topic)
    OperatorPolicies(stack, "Operator", topic=topic)
    return stack


def synthesized(stack: FanoutStack) -> assertions.Template:
    """Refused by the rules of checks where one of them finds something."""
    assert isinstance(app := stack.node.root, cdk.App)
    app.synth()
    return assertions.Template.from_stack(stack)


@pytest.fixture(scope="module", params=[settings.DEV, settings.PROD], ids=["dev", "prod"])
def fargate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[assertions.Template]:
    made = stack_of(request.param, tmp_path_factory.mktemp("out"), compute=Worker(), circuit_breaker=CircuitBreaker())
    yield synthesized(made)


def container(template: assertions.Template) -> dict[str, Any]:
    (definition,) = template.find_resources("AWS::ECS::TaskDefinition").values()
    (found,) = definition["Properties"]["ContainerDefinitions"]
    return dict(found)


def test_it_has_the_queues_of_every_subscriber_and_no_function(fargate: assertions.Template) -> None:
    fargate.resource_count_is("AWS::SQS::Queue", 2)
    fargate.resource_count_is("AWS::Lambda::Function", 0)
    fargate.resource_count_is("AWS::Lambda::EventSourceMapping", 0)
    fargate.has_resource_properties("AWS::SQS::Queue", {"VisibilityTimeout": 120})
    fargate.has_resource_properties("AWS::SNS::Subscription", {"Protocol": "sqs", "RawMessageDelivery": True})


def test_it_is_told_what_a_function_is_told_and_four_things_more(fargate: assertions.Template) -> None:
    told = {each["Name"]: each["Value"] for each in container(fargate)["Environment"]}
    assert told["FANOUT_TASK"] == "archive_order"
    assert (told["FANOUT_VISIBILITY"], told["FANOUT_LONGEST_ATTEMPT"], told["FANOUT_GRACE"]) == ("120", "3600", "115")
    assert (told["FANOUT_CIRCUIT_FAILURES"], told["FANOUT_COOL_DOWN"]) == ("20", "300")


def test_it_gives_back_before_it_is_killed(fargate: assertions.Template) -> None:
    told = {each["Name"]: each["Value"] for each in container(fargate)["Environment"]}
    assert int(told["FANOUT_GRACE"]) < container(fargate)["StopTimeout"]


def test_it_may_write_nowhere_but_its_scratch_and_takes_no_call(fargate: assertions.Template) -> None:
    assert container(fargate)["ReadonlyRootFilesystem"] is True
    (group,) = fargate.find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]


def test_what_it_may_write_to_is_a_volume_of_its_image_or_root_alone_could(fargate: assertions.Template) -> None:
    dockerfile = (Path(next(iter(fanout.__path__))) / "worker" / "Dockerfile").read_text("utf-8")
    before_user = dockerfile.partition("\nUSER ")[0].splitlines()
    (volumes,) = [json.loads(line.removeprefix("VOLUME ")) for line in before_user if line.startswith("VOLUME ")]
    assert [each["ContainerPath"] for each in container(fargate)["MountPoints"]] == volumes == ["/tmp"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "address"), [(ec2.SubnetType.PUBLIC, "ENABLED"), (ec2.SubnetType.PRIVATE_ISOLATED, "DISABLED")]
)
def test_in_public_subnets_alone_it_has_an_address_without_which_it_would_reach_no_queue(
    kind: ec2.SubnetType, address: str, tmp_path: Path
) -> None:
    app = App(context=cdk_context(), outdir=str(tmp_path))
    stack = FanoutStack(app, "Worker", settings=settings.DEV)
    subnets = [ec2.SubnetConfiguration(name="Workers", subnet_type=kind)]
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, subnet_configuration=subnets)
    topic = Topic(stack, "OrderPlaced", settings=settings.DEV)
    Subscriber(stack, "Print", topic=topic, task="archive_order", compute=Worker(vpc=vpc))
    (service,) = assertions.Template.from_stack(stack).find_resources("AWS::ECS::Service").values()
    assert service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == address


def test_nothing_is_paid_for_while_no_worker_runs(fargate: assertions.Template) -> None:
    for paid in (
        "AWS::EC2::NatGateway",
        "AWS::EC2::EIP",
        "AWS::EC2::VPCEndpoint",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
    ):
        fargate.resource_count_is(paid, 0)
    fargate.has_resource_properties("AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 0, "MaxCapacity": 4})


def test_its_role_may_do_what_its_function_could_and_read_the_tags_of_its_queue(fargate: assertions.Template) -> None:
    role = next(iter(fargate.find_resources("AWS::ECS::TaskDefinition").values()))["Properties"]["TaskRoleArn"][
        "Fn::GetAtt"
    ][0]
    policies = fargate.find_resources("AWS::IAM::Policy", {"Properties": {"Roles": [{"Ref": role}]}})
    statements = [each for policy in policies.values() for each in policy["Properties"]["PolicyDocument"]["Statement"]]
    actions = {
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    services = {action.partition(":")[0] for action in actions}
    assert services <= {"sqs", "dynamodb", "kms"}
    assert "sqs:ListQueueTags" in actions
    assert "*" not in json.dumps([each["Resource"] for each in statements])


def test_workers_end_by_what_waits_and_is_worked_on_together(fargate: assertions.Template) -> None:
    """And begin by what waits, at one message."""
    alarms = fargate.find_resources("AWS::CloudWatch::Alarm")
    (quiet,) = [each["Properties"] for name, each in alarms.items() if "NothingThere" in name]
    named = {each["MetricStat"]["Metric"]["MetricName"] for each in quiet["Metrics"] if "MetricStat" in each}
    assert named == {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"}
    assert (quiet["Threshold"], quiet["EvaluationPeriods"]) == (0, 15)
    (waiting,) = [each["Properties"] for name, each in alarms.items() if "MessagesWait" in name]
    assert (waiting["Threshold"], waiting["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


@pytest.mark.parametrize(
    ("worker", "expected"),
    [
        (Worker(max_workers=1), [(0, 1)]),
        (Worker(max_workers=4), [(0, 1), (39, 2)]),
        (Worker(max_workers=20, messages_at_once=1), [(0, 1), (3, 2), (7, 4), (15, 8), (31, 16)]),
    ],
)
def test_one_message_starts_one_worker_and_many_start_several(worker: Worker, expected: list[tuple[int, int]]) -> None:
    assert steps(worker) == expected


def test_a_fixed_number_is_not_scaled(tmp_path: Path) -> None:
    template = synthesized(stack_of(settings.DEV, tmp_path, compute=Worker(min_workers=2, max_workers=2)))
    template.resource_count_is("AWS::ApplicationAutoScaling::ScalableTarget", 0)
    template.has_resource_properties("AWS::ECS::Service", {"DesiredCount": 2})


def test_elsewhere_there_is_a_role_and_what_it_is_told_and_nothing_of_ecs(tmp_path: Path) -> None:
    template = synthesized(stack_of(settings.LOCAL, tmp_path, compute=Worker()))
    types = {each["Type"].split("::")[1] for each in template.to_json()["Resources"].values()}
    assert not types & {"ECS", "EC2", "ECR", "ApplicationAutoScaling", "Lambda"}
    outputs = {name for name in template.to_json()["Outputs"] if name.startswith("Print")}
    assert outputs == {"PrintQueueUrl", "PrintDeadLetterQueueUrl", "PrintWorkerRoleArn", "PrintWorkerParameter"}
    template.has_resource_properties("AWS::SSM::Parameter", {"Name": "/fanout/local/workers/archive_order"})


@pytest.mark.parametrize(
    ("worker", "line"),
    [
        (Worker(cpu=300), "subscriber Print: cpu is 300: expected one of 256, 512"),
        (Worker(cpu=256, memory_mib=4096), "memory_mib is 4096: expected with 256 CPU units one of 512, 1024, 2048"),
        (
            Worker(longest_attempt_time=timedelta(hours=12)),
            "longest_attempt_time is 43200: expected 1 to 41400 seconds",
        ),
        (Worker(grace=timedelta(minutes=3)), "grace is 180: expected 3 to 120 seconds, as Fargate allows"),
        (Worker(visibility_time=timedelta(seconds=10)), "visibility_time is 10: expected 30 to 3600 seconds"),
        (Worker(grace=None), "grace is None: expected a timedelta or a Duration"),  # type: ignore[arg-type]
        (Worker(min_workers=5, max_workers=4), "min_workers is 5: expected 0 to 4"),
    ],
)
def test_what_cannot_be_is_one_line(worker: Worker, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        stack_of(settings.DEV, tmp_path, compute=worker)
    assert line in str(raised.value) and "\n" not in str(raised.value)


def test_a_worker_has_no_function_and_says_so(tmp_path: Path) -> None:
    subscriber = stack_of(settings.LOCAL, tmp_path, compute=Worker()).node.find_child("Print")
    assert isinstance(subscriber, Subscriber)
    with pytest.raises(ConfigurationError, match="it has no function, as it runs on a machine of your own: grant"):
        _ = subscriber.function


def test_what_sleeps_hears_no_heartbeat_which_would_wake_it_for_ever_and_no_alarm_waits_for_one(
    fargate: assertions.Template,
) -> None:
    """Events without the attribute, and of any other type, come: nothing else is kept back."""
    (subscription,) = fargate.find_resources("AWS::SNS::Subscription", {"Properties": {"Protocol": "sqs"}}).values()
    has_heartbeats = bool(fargate.find_resources("AWS::Scheduler::Schedule"))
    policy = subscription["Properties"].get("FilterPolicy")
    no_heartbeats = {"type": [{"anything-but": ["fanout.heartbeat.v1"]}, {"exists": False}]}
    assert policy == (no_heartbeats if has_heartbeats else None)
    assert not [name for name in fargate.find_resources("AWS::CloudWatch::Alarm") if "HeartbeatMissed" in name]


def test_one_that_always_runs_acknowledges_heartbeats(tmp_path: Path) -> None:
    template = synthesized(stack_of(settings.PROD, tmp_path, compute=Worker(min_workers=1)))
    assert [name for name in template.find_resources("AWS::CloudWatch::Alarm") if "HeartbeatMissed" in name]
    template.has_resource_properties("AWS::SNS::Subscription", {"FilterPolicy": assertions.Match.absent()})


def test_that_nobody_is_there_rings_for_every_worker(tmp_path: Path) -> None:
    """An idle worker asks in vain, a full one has messages in hand: both are there."""
    entry = replace(settings.PROD, workers="elsewhere")
    template = synthesized(stack_of(entry, tmp_path, compute=Worker()))
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    (absent,) = [each["Properties"] for name, each in alarms.items() if "WorkerAbsent" in name]
    named = {each["MetricStat"]["Metric"]["MetricName"] for each in absent["Metrics"] if "MetricStat" in each}
    assert {"NumberOfEmptyReceives", "NumberOfMessagesReceived", "ApproximateNumberOfMessagesNotVisible"} < named


def test_elsewhere_no_alarm_waits_for_metrics_that_nobody_makes_of_its_log(tmp_path: Path) -> None:
    """What SQS says of its queues rings as for every task; and what the essential alarms make of it."""
    entry = replace(settings.PROD, workers="elsewhere", alarms="full", heartbeat=timedelta(minutes=5))
    template = synthesized(stack_of(entry, tmp_path, compute=Worker()))
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    assert "Fanout" not in {namespace for each in alarms.values() for namespace in namespaces(each["Properties"])}
    for kind in ("DeadLetterAlarm", "QueueAge", "QueueBacklog", "WorkerAbsent"):
        assert len([name for name in alarms if name.startswith(f"Print{kind}")]) == 1
    (letters,) = [each["Properties"] for name, each in alarms.items() if name.startswith("PrintDeadLetterAlarm")]
    assert "event-died" not in json.dumps(letters["AlarmDescription"])
    (needed,) = template.find_resources("AWS::CloudWatch::CompositeAlarm").values()
    assert "PrintDeadLetterAlarm" in json.dumps(needed) and "HeartbeatMissed" not in json.dumps(needed)


def namespaces(alarm: dict[str, Any]) -> set[str]:
    metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    return {each["Namespace"] for each in metrics or [alarm]}


@pytest.mark.parametrize(("rules", "told"), [(3_500, True), (4_100, False)])
def test_what_a_worker_elsewhere_is_told_fits_into_its_parameter_or_is_refused(
    rules: int, told: bool, tmp_path: Path
) -> None:
    def made() -> FanoutStack:
        return stack_of(settings.LOCAL, tmp_path, compute=Worker(), environment={"RULES": "x" * rules})

    if told:
        (parameter,) = [
            each
            for name, each in synthesized(made()).find_resources("AWS::SSM::Parameter").items()
            if name.startswith("Print")
        ]
        assert "x" * rules in json.dumps(parameter)
        return
    with pytest.raises(ConfigurationError) as refused:
        made()
    line = str(refused.value)
    assert line.startswith("subscriber Print: environment is 4") and "is told 4096" in line and "\n" not in line


def operators(template: assertions.Template, which: str) -> dict[str, list[Any]]:
    """Actions to resources."""
    found: dict[str, list[Any]] = {}
    for name, each in template.find_resources("AWS::IAM::ManagedPolicy").items():
        if which in name:
            for statement in each["Properties"]["PolicyDocument"]["Statement"]:
                for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
                    found.setdefault(action, []).append(statement["Resource"])
    return found


def test_operators_see_the_service_and_tag_its_queue_and_change_nothing_of_ecs(fargate: assertions.Template) -> None:
    read, heal = operators(fargate, "ReadPolicy"), operators(fargate, "HealPolicy")
    (service,) = fargate.find_resources("AWS::ECS::Service")
    (queue,) = [name for name in fargate.find_resources("AWS::SQS::Queue") if "DeadLetter" not in name]
    assert read["ecs:DescribeServices"] == [{"Ref": service}]
    assert heal["sqs:TagQueue"] == heal["sqs:UntagQueue"] == [{"Fn::GetAtt": [queue, "Arn"]}]
    assert not [each for each in heal if each.startswith("ecs:")]


def test_the_dashboard_counts_workers_and_dollars(fargate: assertions.Template) -> None:
    (board,) = fargate.find_resources("AWS::CloudWatch::Dashboard").values()
    text = json.dumps(board["Properties"]["DashboardBody"])
    assert "samples / (PERIOD(samples) / 60)" in text and "AWS/ECS" in text
    hour = 0.25 * 0.03238 + 0.5 * 0.00356 + 0.005
    assert f"FILL(samples, 0) / 60 * {hour:.15f}".rstrip("0") in text


def test_the_tools_find_its_log_by_an_output(fargate: assertions.Template) -> None:
    (group,) = fargate.find_resources("AWS::Logs::LogGroup")
    assert fargate.to_json()["Outputs"]["PrintLogGroupName"]["Value"] == {"Ref": group}
