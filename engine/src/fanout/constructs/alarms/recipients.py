"""Whom alarms tell: the stack's own alarm topic with its e-mail recipients, and every topic that settings name by ARN."""

from aws_cdk import CfnOutput, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from fanout import names
from fanout.constructs.agreed import agree
from fanout.constructs.cdk_cache import account_of_stack, fact, of_stack, once, region_of_stack
from fanout.constructs.settings import Encryption, Settings


def recipients(scope: Construct, settings: Settings) -> list[str]:
    """The ARNs of topics, for every alarm of the scope's stack; they are made at the first call. Others are refused."""
    agree(scope, settings, "alarm_recipients")
    return of_stack(scope, "what alarms do", lambda stack: _arns(stack, settings))


def _arns(stack: Stack, settings: Settings) -> list[str]:
    arns = [each for each in settings.alarm_recipients if each.startswith("arn:")]
    for arn in arns:
        _check_region(stack, settings, arn)
    named = [fact(_imported(stack, f"AlarmRecipient{number}", arn), "topic_arn") for number, arn in enumerate(arns)]
    own = fact(once(stack, "AlarmTopic", lambda stack: _alarm_topic(stack, settings)), "topic_arn")
    alarm_topics(stack).extend([*named, own])
    CfnOutput(
        stack,
        names.ALARM_TOPIC_ARNS_OUTPUT,
        value=",".join([own, *named]),
        description="Whom alarms tell: fanout doctor asks who is subscribed",
    )
    return [own, *named]


def _check_region(stack: Stack, settings: Settings, arn: str) -> None:
    """CloudWatch refuses an alarm with an action in another Region: https://github.com/cds-snc/notification-terraform/pull/128"""
    ours = region_of_stack(stack)
    near = Token.is_unresolved(ours) or arn.split(":")[3] == ours
    settings.expect(near, "alarm_recipients", f"topics in {ours}, as alarms there tell no other: not {arn}")


def alarm_topics(stack: Stack) -> list[str]:
    """The ARNs of those that were made or named so far."""
    return of_stack(stack, "its alarm topics", lambda stack: [])


def _alarm_topic(stack: Stack, settings: Settings) -> sns.Topic:
    topic = sns.Topic(stack, "AlarmTopic", enforce_ssl=True, master_key=_alarm_key(stack, settings))
    # enforce_ssl writes a policy, and that replaces SNS's default one, by which CloudWatch was let in.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": account_of_stack(stack)}},
        )
    )
    for recipient in settings.alarm_recipients:
        if not recipient.startswith("arn:"):
            topic.add_subscription(subscriptions.EmailSubscription(recipient))
    return topic


def _alarm_key(stack: Stack, settings: Settings) -> kms.Key | None:
    """CloudWatch must be let in by the key too, or the alarm rings and nobody is told.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    if settings.encryption is Encryption.SQS_MANAGED:
        return None
    key = kms.Key(
        stack,
        "AlarmKey",
        description="What alarms say",
        enable_key_rotation=True,
        removal_policy=settings.removal_policy,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": account_of_stack(stack)}},
        )
    )
    return key


def _imported(stack: Stack, id_: str, arn: str) -> sns.ITopic:
    return once(stack, id_, lambda stack: sns.Topic.from_topic_arn(stack, id_, arn))
