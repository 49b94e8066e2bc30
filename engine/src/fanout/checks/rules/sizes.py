"""Sizes that AWS refuses: policies, variables, dashboards and rules of alarms, with names at their longest."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.alarms import COMPOSITE
from fanout.template.sizes import as_deployed, size_of
from fanout.template.template import Resource, Template
from fanout.template.types import FUNCTION, KEY
from fanout.template.values import Value, as_list

MANAGED, ROLE, TRUST, QUEUE_POLICY, TOPIC_POLICY, KEY_POLICY, BUCKET_POLICY = (
    6144,
    10_240,
    2048,
    8192,
    30_720,
    32_768,
    20_480,
)
"""Characters: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html,
https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""
STATEMENTS = {"AWS::SQS::QueuePolicy": 20, "AWS::SNS::TopicPolicy": 100}
VARIABLES = 4096
WIDGETS, METRICS = 500, 2500
ALARM_RULE, CHILDREN = 10_240, 100
_DOCUMENTS = {
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", MANAGED),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", QUEUE_POLICY),
    "AWS::SQS::QueueInlinePolicy": ("PolicyDocument", QUEUE_POLICY),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", TOPIC_POLICY),
    "AWS::SNS::TopicInlinePolicy": ("PolicyDocument", TOPIC_POLICY),
    "AWS::S3::BucketPolicy": ("PolicyDocument", BUCKET_POLICY),
    KEY: ("KeyPolicy", KEY_POLICY),
}
_ROLE = "AWS::IAM::Role"


@rule(
    "policy-too-large",
    consequence=Consequence.REFUSED,
    what="Each policy fits into what its service takes, with names as long as CloudFormation makes them.",
    why="The deployment is refused at this policy, when everything before it is already made.",
    fix="Split a managed policy in two, or name several resources by a prefix and *.",
    link="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
)
def policy_too_large(template: Template) -> Iterator[Problem]:
    for each in template.of(*_DOCUMENTS):
        key, most = _DOCUMENTS[each.type]
        document = each.document(key)
        size = size_of(template, document)
        if size > most:
            yield Problem(each, f"{key} has up to {size} characters of {most}")
        count = len(as_list(document.get("Statement"))) if isinstance(document, dict) else 0
        if count > STATEMENTS.get(each.type, count):
            yield Problem(each, f"{key} has {count} statements of {STATEMENTS[each.type]}")
    for role, size in _inline(template).items():
        if size > ROLE:
            yield Problem(role, f"its inline policies have up to {size} characters together, of {ROLE}")
    for role in template.of(_ROLE):
        size = size_of(template, role.document("AssumeRolePolicyDocument"))
        if size > TRUST:
            yield Problem(role, f"AssumeRolePolicyDocument has up to {size} characters of {TRUST}")


def _inline(template: Template) -> dict[Resource, int]:
    """Characters of each role's inline policies, those beside it included."""
    found = dict.fromkeys(template.of(_ROLE), 0)
    for role in found:
        for each in as_list(role.get("Policies")):
            found[role] += size_of(template, each.get("PolicyDocument")) if isinstance(each, dict) else 0
    for policy in template.of("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
        for named in as_list(policy.get("Roles") or policy.get("RoleName")):
            owner = template.resource(named)
            if owner in found:
                found[owner] += size_of(template, policy.document("PolicyDocument"))
    return found


@rule(
    "variables-too-large",
    consequence=Consequence.REFUSED,
    what="A function's environment variables fit into 4 kB, with names as long as CloudFormation makes them.",
    why="Lambda refuses the function, and its queue waits for it.",
    fix="Move a long value to an SSM parameter, and give the function its name.",
    link="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)
def variables_too_large(template: Template) -> Iterator[Problem]:
    for each in template.of(FUNCTION):
        environment = each.get("Environment")
        variables = environment.get("Variables") if isinstance(environment, dict) else None
        size = size_of(template, variables) if isinstance(variables, dict) else 0
        if size > VARIABLES:
            yield Problem(each, f"its variables have up to {size} bytes of {VARIABLES}")


@rule(
    "alarms-too-large",
    consequence=Consequence.REFUSED,
    what="A dashboard, and the rule of a composite alarm, fit into what CloudWatch takes.",
    why="The deployment is refused, and nobody is told of anything until it is mended.",
    fix="Move some subscribers to a stack of their own: each stack has its dashboard and its composite alarm.",
    link="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html",
)
def alarms_too_large(template: Template) -> Iterator[Problem]:
    for each in template.of(COMPOSITE):
        told = as_deployed(template, each.get("AlarmRule"))
        if isinstance(told, str):
            for found, most, what in (
                (len(told), ALARM_RULE, "characters"),
                (told.count("ALARM("), CHILDREN, "alarms"),
            ):
                if found > most:
                    yield Problem(each, f"AlarmRule has up to {found} {what} of {most}")
    for each in template.of("AWS::CloudWatch::Dashboard"):
        widgets = _widgets(as_deployed(template, each.get("DashboardBody")))
        metrics = sum(
            len(as_list(one.get("properties", {}).get("metrics"))) for one in widgets if isinstance(one, dict)
        )
        for found, most, what in ((len(widgets), WIDGETS, "widgets"), (metrics, METRICS, "metrics")):
            if found > most:
                yield Problem(each, f"DashboardBody has {found} {what} of {most}")


def _widgets(body: Value) -> list[Value]:
    try:
        read = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return []
    found = read.get("widgets") if isinstance(read, dict) else None
    return found if isinstance(found, list) else []
