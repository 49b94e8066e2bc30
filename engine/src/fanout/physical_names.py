"""How long the names and ARNs are that CloudFormation makes: what a template refers to, at its longest once deployed.

A made name is STACK-LOGICALID-SUFFIX, cut to what the service takes. The suffix has 12 or 13 characters:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html#resources-section-physical-id
"""

from __future__ import annotations

SUFFIX = 13
REGION = "ap-northeast-1"
"""None of the regions of the one partition that is deployed to has a longer name."""
ACCOUNT = "123456789012"
UUID = 36
LONGEST_NAME = 255
LONGEST_STACK_NAME = 128

_ARNS = {
    "AWS::SQS::Queue": ("sqs", "", 80),
    "AWS::SNS::Topic": ("sns", "", 256),
    "AWS::Lambda::Function": ("lambda", "function:", 64),
    "AWS::Lambda::EventSourceMapping": ("lambda", "event-source-mapping:", UUID),
    "AWS::ECS::Service": ("ecs", "service/", 511),
    "AWS::Logs::LogGroup": ("logs", "log-group:", 512),
    "AWS::IAM::Role": ("iam", "role/", 64),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/", 128),
    "AWS::DynamoDB::Table": ("dynamodb", "table/", 255),
    "AWS::KMS::Key": ("kms", "key/", UUID),
    "AWS::S3::Bucket": ("s3", "", 63),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:", 255),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:", 519),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "schedule-group/", 64),
    "AWS::Scheduler::Schedule": ("scheduler", "schedule/", 129),
}
"""By type: the service and the kind in its ARN, and the most characters of a name, from each service's API reference."""
_FIXED = {"AWS::Lambda::EventSourceMapping", "AWS::KMS::Key"}
_ARN_BY_REF = {"AWS::SNS::Topic", "AWS::IAM::ManagedPolicy", "AWS::SecretsManager::Secret"}
_CLUSTER = "WorkersCluster12345678"
_URL = len(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/")


def name_length(type_: str, stack: str, logical_id: str) -> int:
    """The most characters of the name that is made for a resource."""
    most = _ARNS[type_][2] if type_ in _ARNS else LONGEST_NAME
    if type_ == "AWS::ECS::Service":  # its cluster's name, which is made likewise, and a slash stand before it
        return 1 + 2 * min(LONGEST_NAME, len(stack) + 2 + max(len(logical_id), len(_CLUSTER)) + SUFFIX)
    return most if type_ in _FIXED else min(most, len(stack) + 1 + len(logical_id) + 1 + SUFFIX)


def arn_length(type_: str, stack: str, logical_id: str) -> int:
    """The most characters of its ARN, which of a log group ends in `:*`."""
    return arn_length_of(type_, name_length(type_, stack, logical_id))


def arn_length_of(type_: str, name: int) -> int:
    """The same, of a name of so many characters."""
    service, kind, _ = _ARNS.get(type_, ("cloudformation", "stack/", 0))
    end = len(":*") if type_ == "AWS::Logs::LogGroup" else 0
    return len(f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}") + name + end


def reference_length(type_: str, attribute: str, stack: str, logical_id: str) -> int:
    """The most characters of `Ref` (an ARN, a URL or a name, as the type has it) or of an attribute."""
    if attribute.lower().endswith("arn") or (attribute == "Ref" and type_ in _ARN_BY_REF):
        return arn_length(type_, stack, logical_id)
    name = name_length(type_, stack, logical_id)
    return _URL + name if type_ == "AWS::SQS::Queue" and attribute in ("Ref", "QueueUrl") else name
