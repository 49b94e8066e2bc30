"""Findings of cdk-nag's AwsSolutions that we do not follow, each on one construct and with its reason."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import IConstruct

from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.operator_policies import OperatorPolicies
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import FormTopic
from stacks import settings
from stacks.archive import Archive
from stacks.webhook import Webhook

IAM5 = "AwsSolutions::AwsSolutions-IAM5"
REASONS: dict[type[IConstruct], dict[str, str]] = {
    FormTopic: {
        f"{IAM5}[Action::kms:GenerateDataKey*]": "SNS asks a publisher for GenerateDataKey* on the topic's key, and"
        " CDK's grant_publish writes it; the resource is that one key",
    },
    Heartbeat: {
        f"{IAM5}[Action::kms:GenerateDataKey*]": "SNS asks a publisher for GenerateDataKey* on the topic's key",
    },
    OperatorPolicies: {
        f"{IAM5}[Resource::*]": "GetMetricData, ListEventSourceMappings and GetSubscriptionAttributes take only *, and"
        " DescribeAlarms tells of composite alarms only with *; all of them read only",
        f"{IAM5}[Action::kms:GenerateDataKey*]": "SNS asks a publisher for GenerateDataKey* on the topic's key",
        **{
            f"{IAM5}[Resource::arn:<AWS::Partition>:cloudformation:<AWS::Region>:<AWS::AccountId>:"
            f"stack/FormEvents-{each.name}/*]": "a stack is asked for by its name, and CloudFormation knows it by name"
            " and an id that comes with its creation"
            for each in settings.ALL
        },
    },
    Subscriber: {
        f"{IAM5}[Resource::*]": "X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords take only *",
        f"{IAM5}[Resource::<ArchiveBucket49F1AC64.Arn>/*]": "archive_submission writes objects under any form's name",
    },
    Archive: {
        "AwsSolutions::AwsSolutions-S1": "who reads the archive is recorded by CloudTrail data events where wanted;"
        " server access logs would be a second bucket of personal data, and arrive on best effort",
    },
    dynamodb.Table: {
        "AwsSolutions::AwsSolutions-DDB3": "where the stack's data goes with the stack, what is remembered may go too;"
        " settings that retain have point-in-time recovery (test_production_can_restore_what_it_remembers)",
    },
    Webhook: {
        "AwsSolutions::AwsSolutions-SMG4": "the receiver holds the same secret, so a rotation is agreed with it;"
        " the function reads a new value within five minutes",
    },
}


def acknowledge(app: cdk.App) -> None:
    """Records every reason on the constructs it is for."""
    for construct in app.node.find_all():
        for rule, reason in REASONS.get(type(construct), {}).items():
            cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
