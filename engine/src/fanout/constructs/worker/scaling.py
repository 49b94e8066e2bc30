"""How many workers there are: more while a message waits for one, the least once nothing waits and nothing is worked on.

Each half has its own reason. Workers are added by what is visible, as that is what no worker has room for, and the first of
them at one message, as a figure per worker says nothing while there is none (https://github.com/aws/copilot-cli/issues/3376).
They are ended by what is visible and hidden together: by what is visible alone, the ones that have taken everything would be
ended in the middle of it (https://github.com/aws/aws-cdk/issues/9242). So no worker is ended while anything is worked on.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fanout.constructs.cdk_cache import minutes
from fanout.constructs.worker.arguments import Arguments

if TYPE_CHECKING:
    from aws_cdk import aws_ecs as ecs

QUIET_MINUTES = 15
"""Without a message before the least number is left: to start one costs a minute or two."""
MINUTE = Duration.minutes(1)


def scale(scope: Construct, service: "ecs.FargateService", queue: sqs.Queue, worker: Arguments) -> None:
    if worker.min_workers == worker.max_workers:
        return
    count = service.auto_scale_task_count(min_capacity=worker.min_workers, max_capacity=worker.max_workers)
    more = autoscaling.StepScalingAction(
        scope,
        "MoreWorkers",
        scaling_target=count,
        adjustment_type=autoscaling.AdjustmentType.CHANGE_IN_CAPACITY,
        cooldown=minutes(2),
    )
    bounds = [*steps(worker), (None, 0)]
    for (least_waiting, added), (above, _) in pairwise(bounds):
        more.add_adjustment(
            adjustment=added, lower_bound=least_waiting, upper_bound=above
        )  # bounds count from the alarm's threshold
    waiting = cloudwatch.Alarm(
        scope,
        "MessagesWait",
        alarm_description=f"{scope.node.id}: messages wait, and no worker has room for them: one more is started.",
        metric=queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum"),
        threshold=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    waiting.add_alarm_action(actions.ApplicationScalingAction(more))
    least = autoscaling.StepScalingAction(
        scope,
        "LeastWorkers",
        scaling_target=count,
        adjustment_type=autoscaling.AdjustmentType.EXACT_CAPACITY,
        cooldown=minutes(2),
    )
    least.add_adjustment(adjustment=worker.min_workers, upper_bound=0)
    quiet = cloudwatch.Alarm(
        scope,
        "NothingThere",
        alarm_description=f"{scope.node.id}: nothing waits and nothing is worked on: {worker.min_workers} workers are left.",
        metric=messages(queue),
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=QUIET_MINUTES,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,  # a queue that workers poll has metrics
    )
    quiet.add_alarm_action(actions.ApplicationScalingAction(least))


def steps(worker: Arguments) -> list[tuple[int, int]]:
    """Messages that wait beyond the first, and how many workers are added for them: half as many as would have room for all."""
    room, most = worker.messages_at_once, worker.max_workers
    found = {0: 1}
    for count in (2, 4, 8, 16, 32, 64):
        if count < most:
            found[2 * count * room - 1] = count
    return sorted(found.items())


def messages(queue: sqs.Queue) -> cloudwatch.MathExpression:
    """That wait, and that are worked on or wait for their next attempt."""
    return cloudwatch.MathExpression(
        expression="FILL(visible, 0) + FILL(hidden, 0)",
        label="messages in the queue",
        period=MINUTE,
        using_metrics={
            "visible": queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum"),
            "hidden": queue.metric_approximate_number_of_messages_not_visible(period=MINUTE, statistic="Maximum"),
        },
    )
