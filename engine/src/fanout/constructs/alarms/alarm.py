"""An alarm as data, and what is deployed of it: one metric, one threshold, its recipients, its runbook."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.recipients import recipients
from fanout.constructs.alarms.runbook import Place, describe
from fanout.constructs.settings import Settings

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

MINUTE, FIVE_MINUTES, HOUR = Duration.minutes(1), Duration.minutes(5), Duration.hours(1)

_SILENCE = {
    True: cloudwatch.TreatMissingData.BREACHING,
    False: cloudwatch.TreatMissingData.NOT_BREACHING,
}


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Rings when `metric` is `compared` to `threshold` in `datapoints` of the last `periods` (all of them by default).

    `kind` names the runbook; `means` says in one sentence what is the matter. Missing data rings only where `silence_rings`:
    SQS, SNS and Lambda send none when nothing happens.
    """

    kind: str
    means: str
    metric: cloudwatch.IMetric
    threshold: float = 0
    compared: cloudwatch.ComparisonOperator = ABOVE
    periods: int = 1
    datapoints: int | None = None
    silence_rings: bool = False

    @property
    def id(self) -> str:
        return "".join(word.title() for word in self.kind.split("-")) + "Alarm"


def measured(stack: str, task: str, name: str, *, period: Duration, statistic: str) -> cloudwatch.Metric:
    """What the task itself emits, for example Done."""
    dimensions = {names.STACK_DIMENSION: stack, names.TASK_DIMENSION: task}
    return cloudwatch.Metric(
        namespace=names.NAMESPACE, metric_name=name, dimensions_map=dimensions, period=period, statistic=statistic
    )


def ring(scope: Construct, alarm: Alarm, place: Place, settings: Settings) -> cloudwatch.Alarm:
    """Makes `alarm` in `scope`, telling everybody in settings."""
    made = cloudwatch.Alarm(
        scope,
        alarm.id,
        alarm_description=describe(alarm.kind, alarm.means, place),
        metric=alarm.metric,
        threshold=alarm.threshold,
        comparison_operator=alarm.compared,
        evaluation_periods=alarm.periods,
        datapoints_to_alarm=alarm.datapoints,
        treat_missing_data=_SILENCE[alarm.silence_rings],
    )
    made.add_alarm_action(*recipients(scope, settings))
    return made
