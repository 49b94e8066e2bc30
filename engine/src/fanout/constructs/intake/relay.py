"""From the table to the topic: behind its stream for speed, and each minute for what that left behind."""

from collections.abc import Callable

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from fanout.constructs.cdk_cache import account_of_stack
from fanout.constructs.function import TaskFunction
from fanout.intake import store

MakeFunction = Callable[[Construct, str, str, Duration], TaskFunction]


class Relay(Construct):
    """Two functions with the same right: to publish to one topic, and to mark what it took."""

    def __init__(
        self, scope: Construct, id_: str, table: dynamodb.Table, make: MakeFunction, topic_arn: str, *, ordered: bool
    ) -> None:
        super().__init__(scope, id_)
        self._table, self._topic_arn = table, topic_arn
        self._of_order = ["dynamodb:GetItem"] if ordered else []
        """What looking for the entry before one needs."""
        self._stream = make(
            Construct(self, "Stream"), "relay.on_stream", "Emits what was stored a moment ago", Duration.seconds(60)
        )
        self._sweep = make(
            Construct(self, "Sweep"), "relay.sweep", "Emits what was stored and not emitted yet", Duration.seconds(55)
        )
        self.functions = [self._stream.function, self._sweep.function]
        for each in (self._stream, self._sweep):
            self._let(each)
        self._follow_stream()
        self._each_minute()

    def _let(self, made: TaskFunction) -> None:
        index = f"{self._table.table_arn}/index/{store.INDEX}"
        for actions, resource in (
            (["sns:Publish"], self._topic_arn),
            (["dynamodb:UpdateItem", *self._of_order], self._table.table_arn),
            (["dynamodb:Scan"], index),
        ):
            made.role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[resource]))

    def _follow_stream(self) -> None:
        """New entries alone, and never one for long: the sweep takes what this one could not."""
        self._table.grant_stream_read(self._stream.role)
        lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self._stream.function,
            event_source_arn=self._table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            parallelization_factor=10,
            max_record_age=Duration.minutes(2),
            retry_attempts=1,
            bisect_batch_on_error=True,
            filters=[
                lambda_.FilterCriteria.filter(
                    {
                        "eventName": lambda_.FilterRule.is_equal("INSERT"),
                        "dynamodb": {"NewImage": {"unsent_at": {"S": lambda_.FilterRule.exists()}}},
                    }
                )
            ],
        )

    def _each_minute(self) -> None:
        # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
        ours = {"StringEquals": {"aws:SourceAccount": account_of_stack(self)}}
        principal = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=ours)
        role = iam.Role(self, "ScheduleRole", assumed_by=principal)
        role.add_to_principal_policy(  # `grant_invoke` allows every version as well
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self._sweep.function.function_arn])
        )
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Emits what was stored and not emitted yet",
            schedule_expression="rate(1 minute)",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._sweep.function.function_arn,
                role_arn=role.role_arn,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=0),  # the next one comes
            ),
        )
        schedule.node.add_dependency(role)
