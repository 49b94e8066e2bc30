"""`python benchmarks/peers/plain_app.py 10`: the resources of `our_app.py`, as everyone writes them: L2 constructs, a loop.

What is deployed is the same, type by type and number by number, and so are the outputs, the tag, the variables and what
each function may do; the benchmark counts the resources and refuses to compare what differs. Each construct has the
arguments that ours has, where the CDK's defaults are others. What is left out is what only ours does: to check the
arguments, to derive the numbers, to say in an alarm what to do about it.
"""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs

LAMBDAS = Path(__file__).parents[2] / "tests" / "app" / "lambdas"


def main(count: int) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    topic = sns.Topic(stack, "Topic", enforce_ssl=True)
    alarm_topic = sns.Topic(stack, "AlarmTopic", enforce_ssl=True)
    table = dynamodb.Table(
        stack,
        "CompletedEvents",
        partition_key=dynamodb.Attribute(name="task_event", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute="expires_at",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    for number in range(count):
        name = f"Task{number}"
        dead_letter_queue = sqs.Queue(
            stack,
            f"{name}DeadLetterQueue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            max_message_size_bytes=1_048_576,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        queue = sqs.Queue(
            stack,
            f"{name}Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            max_message_size_bytes=1_048_576,
            retention_period=cdk.Duration.days(4),
            visibility_timeout=cdk.Duration.seconds(180),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letter_queue, max_receive_count=5),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        topic.add_subscription(
            subscriptions.SqsSubscription(queue, raw_message_delivery=True, dead_letter_queue=dead_letter_queue)
        )
        log_group = logs.LogGroup(
            stack,
            f"{name}LogGroup",
            retention=logs.RetentionDays.ONE_WEEK,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        function = lambda_.Function(
            stack,
            f"{name}Function",
            description="Runs send_receipt for each order event",
            code=lambda_.Code.from_asset(
                str(LAMBDAS),
                exclude=["*", "!shared", "!shared/**", "!send_receipt", "!send_receipt/**", "**/__pycache__"],
            ),
            handler="send_receipt.handler.handle",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            timeout=cdk.Duration.seconds(30),
            memory_size=256,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            environment={
                "FANOUT_STACK": stack.stack_name,
                "FANOUT_TASK": "send_receipt",
                "FANOUT_QUEUE_URL": queue.queue_url,
                "FANOUT_DEAD_LETTER_QUEUE_URL": dead_letter_queue.queue_url,
                "FANOUT_RETRY_DELAYS": "30,120,480,1920",
                "FANOUT_RETRY_JITTER": "0.2",
                "FANOUT_CONCURRENCY": "10",
                "FANOUT_MEASURED_GROUPS": "0",
                "FANOUT_COMPLETED_TABLE": table.table_name,
                "FANOUT_COMPLETED_SECONDS": "1641600",
            },
        )
        function.add_event_source(
            sources.SqsEventSource(queue, batch_size=10, max_concurrency=5, report_batch_item_failures=True)
        )
        dead_letter_queue.grant_send_messages(function)
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                resources=[table.table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["send_receipt#*"]}},
            )
        )
        cloudwatch.Alarm(
            stack,
            f"{name}DeadLetterAlarm",
            alarm_description=f"{name}: an event waits in the dead-letter queue.",
            metric=dead_letter_queue.metric_approximate_number_of_messages_visible(
                period=cdk.Duration.minutes(1), statistic="Maximum"
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=5,
            datapoints_to_alarm=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.SnsAction(alarm_topic))
        cloudwatch.Alarm(
            stack,
            f"{name}QueueAgeAlarm",
            alarm_description=f"{name}: an event waits for long.",
            metric=queue.metric_approximate_age_of_oldest_message(period=cdk.Duration.minutes(5), statistic="Maximum"),
            threshold=86_400,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.SnsAction(alarm_topic))
        for construct in (queue, dead_letter_queue, function, log_group):
            cdk.Tags.of(construct).add("fanout:task", "send_receipt")
        cdk.CfnOutput(stack, f"{name}QueueUrl", value=queue.queue_url)
        cdk.CfnOutput(stack, f"{name}DeadLetterQueueUrl", value=dead_letter_queue.queue_url)
        cdk.CfnOutput(stack, f"{name}FunctionName", value=function.function_name)
    app.synth()


if __name__ == "__main__":
    main(int(sys.argv[1]))
