"""What a resource costs while nothing is published."""

from collections.abc import Callable, Iterator

from fanout.costs.assumptions import Assumptions
from fanout.costs.schedules import times_a_month
from fanout.template.alarms import metrics_of
from fanout.template.template import Resource, Template
from fanout.template.types import MAPPING
from fanout.template.values import as_list, as_number
from fanout.template.workers import SERVICE, workers

Found = Iterator[tuple[str, float, str]]
"""(what, quantity, price) of each line."""

FREE = frozenset(
    {
        "AWS::ApiGatewayV2::Api",  # requests are traffic
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CDK::Metadata",
        "AWS::CloudFormation::Stack",
        "AWS::DynamoDB::Table",  # on demand: writes are traffic; else see `dear`
        "AWS::EC2::InternetGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECS::Cluster",
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "AWS::ECS::Service",  # its tasks are its worker's; else see `dear`
        "AWS::ECS::TaskDefinition",
        "AWS::Events::Rule",  # a schedule on the default bus; whom it invokes is billed
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::Lambda::EventSourceMapping",  # its polls are the queue's; else see `dear`
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SNS::Subscription",  # deliveries to SQS; an alarm's e-mail is $0.00002
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SSM::Parameter",  # standard tier
        "AWS::XRay::ResourcePolicy",
    }
)
"""Types that cost nothing while they do nothing. What is neither here nor in PRICED makes a bill incomplete, and says so."""


def dear(template: Template) -> Iterator[str]:
    """What is of a free type, and is paid for by the hour nevertheless, as the model does not know.

    https://aws.amazon.com/dynamodb/pricing/provisioned/, https://aws.amazon.com/fargate/pricing/, https://aws.amazon.com/lambda/pricing/
    """
    priced = {each.resource for each in workers(template) if each.cpu and each.memory_mib}
    if any(each.get("BillingMode") != "PAY_PER_REQUEST" for each in template.of("AWS::DynamoDB::Table")):
        yield "AWS::DynamoDB::Table with provisioned throughput"
    if any(each not in priced for each in template.of(SERVICE)):
        yield "AWS::ECS::Service that is no worker of a queue"
    if any(each.get("ProvisionedPollerConfig") is not None for each in template.of(MAPPING)):
        yield "AWS::Lambda::EventSourceMapping with ProvisionedPollerConfig"


def alarm(resource: Resource, assumed: Assumptions) -> Found:
    """Each metric that it looks at, also in metric math: https://aws.amazon.com/cloudwatch/pricing/"""
    periods = [resource.number("Period")]
    for query in as_list(resource.get("Metrics")):
        stat = query.get("MetricStat") if isinstance(query, dict) else None
        periods.append(as_number(stat.get("Period")) if isinstance(stat, dict) else None)
    quick = any(each is not None and each < 60 for each in periods)
    yield "alarms", max(1, len(metrics_of(resource))), "alarm-metric-high-resolution" if quick else "alarm-metric"


def composite(resource: Resource, assumed: Assumptions) -> Found:
    yield "composite alarms", 1, "alarm-composite"


def dashboard(resource: Resource, assumed: Assumptions) -> Found:
    yield "dashboard", 1, "dashboard"


def key(resource: Resource, assumed: Assumptions) -> Found:
    """The first two rotations cost a key each, later ones nothing: https://aws.amazon.com/kms/pricing/"""
    rotated = min(2, assumed.key_rotations) if resource.flag("EnableKeyRotation") else 0
    yield "keys", 1 + rotated, "kms-key"


def secret(resource: Resource, assumed: Assumptions) -> Found:
    yield "secrets", 1, "secret"


def schedule(resource: Resource, assumed: Assumptions) -> Found:
    yield "schedule", times_a_month(resource), "schedule"


PRICED: dict[str, Callable[[Resource, Assumptions], Found]] = {
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::CompositeAlarm": composite,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::KMS::Key": key,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::SecretsManager::Secret": secret,
}
