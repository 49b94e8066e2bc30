"""The alarms of an intake: what is stored and was not emitted, what SNS will never take, and what people were refused."""

from collections.abc import Sequence

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.alarm import Alarm, ring
from fanout.constructs.alarms.runbook import Place
from fanout.constructs.cdk_cache import name_of_stack
from fanout.constructs.metric import MINUTE, Expression, Metric, of_function
from fanout.constructs.settings import Settings

LATE_SECONDS = 300
"""An entry is emitted within a second by the stream, within three minutes by the sweep."""


def intake_alarms(
    scope: Construct,
    place: Place,
    settings: Settings,
    *,
    api: apigateway.HttpApi,
    functions: Sequence[lambda_.Function],
) -> dict[str, cloudwatch.CfnAlarm]:
    """By kind."""
    chosen = [*_about_entries(scope), *(_about_requests(api, functions) if settings.alarms == "full" else [])]
    return {each.kind: ring(scope, each, place, settings) for each in chosen}


def _about_entries(scope: Construct) -> list[Alarm]:
    """The sweep says each minute how old the oldest is: where it says nothing, nobody knows, and that rings as well."""
    return [
        Alarm(
            kind="stored-not-emitted",
            means="an entry was answered with yes five minutes ago and no task has heard of it, or nobody looks: it is kept, and"
            " emitted once what stands in the way is gone.",
            metric=_own(scope, names.UNSENT_AGE, "Maximum"),
            silence_rings=True,
            threshold=LATE_SECONDS,
            periods=5,
        ),
        Alarm(
            kind="entry-refused",
            means="SNS will never take one entry as it is: it is kept, and stands in nobody's way.",
            metric=_own(scope, names.POISON, "Sum"),
        ),
    ]


def _about_requests(api: apigateway.HttpApi, functions: Sequence[lambda_.Function]) -> list[Alarm]:
    sums = {f"f{number}": of_function(each, "Throttles", "Sum") for number, each in enumerate(functions)}
    return [
        Alarm(
            kind="intake-failing",
            means="people's entries are answered with an error of ours, and are not stored.",
            metric=Metric(namespace="AWS/ApiGateway", name="5xx", dimensions={"ApiId": api.api_id}, statistic="Sum"),
            periods=3,
            datapoints=2,
        ),
        Alarm(
            kind="intake-stream-behind",
            means="the stream leaves entries behind, and the sweep emits them: tasks hear of them minutes late.",
            metric=_own(api, names.SWEPT, "Sum"),
            periods=15,
            datapoints=3,
        ),
        Alarm(
            kind="intake-throttled",
            means="Lambda refuses calls of the intake or its relay: the account's concurrency is used up.",
            metric=Expression(
                expression=" + ".join(f"FILL({each}, 0)" for each in sums),
                label="throttled",
                metrics=sums,
            ),
        ),
    ]


def _own(scope: Construct, name: str, statistic: str) -> Metric:
    dimensions = {names.STACK_DIMENSION: name_of_stack(scope)}
    return Metric(namespace=names.NAMESPACE, name=name, dimensions=dimensions, period=MINUTE, statistic=statistic)
