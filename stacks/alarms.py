"""What rings, and whom it reaches."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.settings import Settings


def dead_letter_alarm(scope: Construct, queue: sqs.Queue, *, task: str, settings: Settings) -> cloudwatch.Alarm:
    """Rings at the first dead letter of a task, and stays until the dead-letter queue is empty.

    It watches visible messages: what SQS moves to a dead-letter queue is not counted as sent.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    visible = queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum")
    alarm = visible.create_alarm(
        scope,
        "DeadLetterAlarm",
        alarm_description=f"{task} could not process an event: see docs/operations.md, dead letters",
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    for topic in _recipients(scope, settings):
        alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm


def _recipients(scope: Construct, settings: Settings) -> list[sns.ITopic]:
    """The stack's own alarm topic, with the e-mail recipients, and every topic that settings name by ARN."""
    stack = Stack.of(scope)
    arns = [recipient for recipient in settings.alarm_recipients if recipient.startswith("arn:")]
    named = [_once(stack, f"AlarmRecipient{number}", arn) for number, arn in enumerate(arns)]
    return [_alarm_topic(stack, settings), *named]


def _alarm_topic(stack: Stack, settings: Settings) -> sns.Topic:
    existing = stack.node.try_find_child("AlarmTopic")
    if isinstance(existing, sns.Topic):
        return existing
    topic = sns.Topic(stack, "AlarmTopic", enforce_ssl=True)
    # enforce_ssl writes a policy, and that replaces SNS's default one, by which CloudWatch was let in.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
        )
    )
    for recipient in settings.alarm_recipients:
        if not recipient.startswith("arn:"):
            topic.add_subscription(subscriptions.EmailSubscription(recipient))
    return topic


def _once(stack: Stack, id_: str, arn: str) -> sns.ITopic:
    existing = stack.node.try_find_child(id_)
    return existing if isinstance(existing, sns.Topic) else sns.Topic.from_topic_arn(stack, id_, arn)
