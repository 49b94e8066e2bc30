"""What cdk-nag's AwsSolutions finds in the engine's constructs and why it stays; and what else it finds in an app.

An app's test adds the checks to its `cdk.App`, synthesizes, and asks for `findings`: those in the engine's constructs
are answered here, and those in the app's own by the patterns that its test hands over.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import IConstruct

from fanout.constructs.attachments import Attachments
from fanout.constructs.delivery import Delivery
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.intake import Intake
from fanout.constructs.operators.policies import OperatorPolicies
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from fanout.constructs.worker.workers import Workers

_KEY_OF_A_TOPIC = "SNS asks a publisher for GenerateDataKey* on the topic's key; the resource is that one key"
_DEAD_LETTERS = "it is the dead-letter queue of a subscription, or of a function: cdk-nag looks at queues alone"
_GRANT = r"(s3:(GetObject|GetBucket|List|DeleteObject|Abort)|kms:(ReEncrypt|GenerateDataKey))\*"
REASONS: dict[type[IConstruct], dict[str, str]] = {
    Topic: {r"IAM5\[Action::kms:GenerateDataKey\*\]": _KEY_OF_A_TOPIC},
    Heartbeat: {r"IAM5\[Action::kms:GenerateDataKey\*\]": _KEY_OF_A_TOPIC},
    OperatorPolicies: {
        r"IAM5\[Action::kms:GenerateDataKey\*\]": _KEY_OF_A_TOPIC,
        r"IAM5\[Resource::\*\]": "GetMetricData, ListEventSourceMappings and GetSubscriptionAttributes take only *, and"
        " DescribeAlarms tells of composite alarms only with *; all of them read only",
        r"IAM5\[Resource::arn:.*:stack/[^/]+/\*\]": "a stack is asked for by its name, and CloudFormation knows it by"
        " name and an id that comes with its creation",
    },
    Subscriber: {
        r"IAM5\[Resource::\*\]": "X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords take only *",
        r"IAM5\[Resource::<\w+\.Arn>/((claims|files)/)?\*\]": "a task works with any object that it is granted of one bucket",
        r"IAM5\[Resource::<\w+\.Arn>/index/\*\]": "a task works with any index of the one table it is granted",
        rf"IAM5\[Action::{_GRANT}\]": "as the CDK's own grants write reading and writing of one named resource",
        r"SQS3": _DEAD_LETTERS,
        r"ECS2": "a worker is told names and times, as a function is; secrets are read by the task with its role",
    },
    Attachments: {
        r"S1": "who reads a file is a task, which logs each event; who it belongs to stands in no key, and would in no log",
    },
    Delivery: {r"SQS3": _DEAD_LETTERS},
    Workers: {
        r"ECS4": "Container Insights are paid for by metric and hour; what counts of a worker is in its log and its queue",
        r"VPC7": "nothing listens in it: workers ask AWS and what their tasks ask, and their log names each event",
    },
    Intake: {
        r"APIG4": "whoever fills something in has no account: limits and the definition guard it",
        r"SMG4": "under another key nobody would be found who is indexed under this one",
        r"APIG1": "an access log would hold the tokens of status pages; the function logs what was stored",
        r"IAM5\[Resource::\*\]": "X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords take only *",
        r"IAM5\[Resource::arn:.*:stack/[^/]+/\*\]": "as of the policies for operators of the fan-out",
        r"IAM5\[Resource::arn:.*:s3:::.*/(claims|files|uploads)/\*\]": "keys begin with what it is, and go on with a new reference",
    },
    dynamodb.Table: {
        r"DDB3": "where the stack's data goes with the stack, what is remembered may go too; settings that retain have"
        " point-in-time recovery",
    },
}
"""By construct: a pattern for a rule's name behind AwsSolutions-, and the reason why it stays."""


def findings(app: cdk.App, folder: Path, acknowledged: Mapping[str, str]) -> list[str]:
    """`path rule` of every finding in `folder`'s report that neither the engine nor `acknowledged` has a reason for.

    `acknowledged` holds patterns that are searched for in `path rule`, with their reasons.
    """
    reports = json.loads((folder / "validation-report.json").read_text("utf-8"))["pluginReports"]
    if "AwsSolutions" not in [report["pluginName"] for report in reports]:
        raise LookupError(f"{folder}: no report of AwsSolutions: add AwsSolutionsChecks(app) to the app's validations")
    found = {
        (place["constructPath"], each["ruleName"])
        for report in reports
        for each in report["violations"]
        for place in each["violatingConstructs"]
    }
    types = {each.node.path: type(each) for each in app.node.find_all()}
    open_ = [f"{path} {rule}" for path, rule in sorted(found) if not _is_ours(path, rule, types)]
    return [each for each in open_ if not any(re.search(pattern, each) for pattern in acknowledged)]


def _is_ours(path: str, rule: str, types: Mapping[str, type[IConstruct]]) -> bool:
    parts = path.split("/")
    above = [types.get("/".join(parts[:count])) for count in range(1, len(parts) + 1)]
    patterns = [pattern for type_ in above if type_ in REASONS for pattern in REASONS[type_]]
    return any(re.fullmatch(f"AwsSolutions-{pattern}", rule) for pattern in patterns)
