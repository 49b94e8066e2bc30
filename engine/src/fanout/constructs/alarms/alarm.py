"""An alarm as data, and what is deployed of it: one metric, one threshold, its recipients, its runbook."""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from fanout.constructs.alarms.recipients import recipients
from fanout.constructs.alarms.runbook import Place, describe
from fanout.constructs.metric import AnyMetric, watched
from fanout.constructs.settings import Settings

ABOVE, AT_LEAST, BELOW = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"

_SILENCE = {True: "breaching", False: "notBreaching"}


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Rings when `metric` is `compared` to `threshold` in `datapoints` of the last `periods` (all of them by default).

    `kind` names the runbook; `means` says in one sentence what is the matter. Missing data rings only where `silence_rings`:
    SQS, SNS and Lambda send none when nothing happens.
    """

    kind: str
    means: str
    metric: AnyMetric
    threshold: float = 0
    compared: str = ABOVE
    periods: int = 1
    datapoints: int | None = None
    silence_rings: bool = False

    @property
    def id(self) -> str:
        return "".join(word.title() for word in self.kind.split("-")) + "Alarm"


def ring(scope: Construct, alarm: Alarm, place: Place, settings: Settings) -> cloudwatch.CfnAlarm:
    """Makes `alarm` in `scope`, telling everybody in settings."""
    return cloudwatch.CfnAlarm(
        Construct(scope, alarm.id),
        "Resource",
        alarm_actions=recipients(scope, settings),
        alarm_description=describe(alarm.kind, alarm.means, place),
        threshold=alarm.threshold,
        comparison_operator=alarm.compared,
        evaluation_periods=alarm.periods,
        datapoints_to_alarm=alarm.datapoints,
        treat_missing_data=_SILENCE[alarm.silence_rings],
        **watched(alarm.metric),
    )
