"""One dashboard per stack: its topics on top, then one row per subscriber, so that thirty read like three."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import jsii
from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.runbook import OPERATIONS, Place, where
from fanout.constructs.dashboard import intake
from fanout.constructs.dashboard.cost import dollars_a_month, dollars_of_workers
from fanout.constructs.registry import in_order
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber

HEIGHT = 4
PERIOD = Duration.minutes(5)
GREEN, RED, ORANGE, BLUE, GREY, PURPLE = "#2ca02c", "#d62728", "#ff7f0e", "#1f77b4", "#7f7f7f", "#9467bd"


def dashboard(
    scope: Construct,
    *,
    topics: Mapping[str, sns.ITopic],
    subscribers: Sequence[Subscriber],
    alarms: Callable[[], Sequence[cloudwatch.IAlarm]],
    settings: Settings,
    intakes: Sequence[str] = (),
) -> cloudwatch.Dashboard:
    """The same eight numbers for each subscriber, always at the same place; every line has a name and a colour.

    `topics` are by the titles of their graphs. `subscribers` and `intakes`, the names of their stacks, may grow until the synth, which asks for `alarms` too.
    """
    made = cloudwatch.Dashboard(scope, "Dashboard", default_interval=Duration.hours(3))

    def rows() -> list[cloudwatch.Row]:
        traced = settings.traces_topic or any(each.settings.tracing == "active" for each in subscribers)
        first, *others = [_topic(title, topic) for title, topic in topics.items()]
        return [
            cloudwatch.Row(_links(scope, settings, traced=traced), _needs_a_person(alarms()), first),
            *(cloudwatch.Row(*others[at : at + 2]) for at in range(0, len(others), 2)),
            *(intake.row(stack) for stack in intakes),
            *(cloudwatch.Row(*_row(subscriber)) for subscriber in in_order(subscribers)),
        ]

    made.add_widgets(_Late(rows))
    return made


def _row(subscriber: Subscriber) -> list[cloudwatch.IWidget]:
    of_workers = _FARGATE if subscriber.consumer.service_names else _WORKER
    makers = _DIRECT if not subscriber.is_queued else _QUEUED if subscriber.consumer.has_function else of_workers
    return [make(subscriber) for make in makers if make is not _dead or subscriber.buries]


@jsii.implements(cloudwatch.IWidget)
class _Late:
    """Widgets that are made at synth, one under the other, when all subscribers are there."""

    width, height = 24, HEIGHT
    warnings, warnings_v2 = None, None

    def __init__(self, rows: Callable[[], list[cloudwatch.Row]]) -> None:
        self._rows = rows

    def position(self, x: float, y: float) -> None:
        """The whole dashboard is its: it begins at the top."""

    @cached_property
    def _json(self) -> list[Any]:
        found: list[Any] = []
        for number, row in enumerate(self._rows()):
            row.position(0, number * HEIGHT)
            found += row.to_json()
        return found

    def to_json(self) -> list[Any]:
        return self._json


def _links(scope: Construct, settings: Settings, *, traced: bool) -> cloudwatch.TextWidget:
    region = Stack.of(scope).region
    console = f"https://{region}.console.aws.amazon.com"
    traces = f"[traces]({console}/cloudwatch/home?region={region}#xray:service-map/map) · " if traced else ""
    return cloudwatch.TextWidget(
        markdown=f"## {settings.name}\n"
        f"[alarms]({console}/cloudwatch/home?region={region}#alarmsV2:) · "
        f"{traces}"
        f"[queues]({console}/sqs/v3/home?region={region}#/queues)\n\n"
        f"`fanout status {where(Place(scope=scope, settings=settings, owner=settings.owner))}` · {OPERATIONS} · owner: {settings.owner}",
        width=6,
        height=HEIGHT,
    )


def _needs_a_person(alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.AlarmStatusWidget:
    return cloudwatch.AlarmStatusWidget(
        title="Needs a person",
        alarms=list(alarms),
        states=[cloudwatch.AlarmState.ALARM],
        sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
        width=9,
        height=HEIGHT,
    )


def _topic(title: str, topic: sns.ITopic) -> cloudwatch.GraphWidget:
    return _graph(
        title,
        9,
        [
            _line(topic.metric_number_of_messages_published, "Sum", "published", BLUE),
            _line(topic.metric_number_of_notifications_delivered, "Sum", "delivered", GREEN),
            _line(topic.metric_number_of_notifications_failed, "Sum", "failed", RED),
        ],
    )


def _name(subscriber: Subscriber) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(
        markdown=f"### {subscriber.task}\n{subscriber.attempts} attempts", width=3, height=HEIGHT
    )


def _flow(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    return _graph(
        "in, done, failed",
        5,
        [
            _line(subscriber.queue.metric_number_of_messages_sent, "Sum", "in", BLUE),
            _line(_own(subscriber, names.DONE), "Sum", "done", GREEN),
            _line(_own(subscriber, names.FAILED), "Sum", "failed", ORANGE),
            _line(_own(subscriber, names.DEAD), "Sum", "dead", RED),
            *_fairness(subscriber),
        ],
    )


def _dead(subscriber: Subscriber) -> cloudwatch.SingleValueWidget:
    letters = subscriber.dead_letter_queue.metric_approximate_number_of_messages_visible
    return cloudwatch.SingleValueWidget(
        title="dead letters", metrics=[_line(letters, "Maximum", "now", RED)], sparkline=True, width=3, height=HEIGHT
    )


def _age(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    """Without the alarm's line: hours of it would flatten the seconds of a healthy day."""
    queue = subscriber.queue
    lines = [_line(queue.metric_approximate_age_of_oldest_message, "Maximum", "oldest", ORANGE)]
    if subscriber.fair_by:
        quiet = partial(queue.metric, "ApproximateAgeOfOldestMessageInQuietGroups")
        lines.append(_line(quiet, "Maximum", "of the others", BLUE))
    return _graph("oldest, s", 3, lines)


def _fairness(subscriber: Subscriber) -> list[cloudwatch.Metric]:
    """Groups that flood the queue, and how many messages of the others wait.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    if not subscriber.fair_by:
        return []
    noisy, waiting = "ApproximateNumberOfNoisyGroups", "ApproximateNumberOfMessagesVisibleInQuietGroups"
    return [
        _line(partial(subscriber.queue.metric, noisy), "Maximum", "flooding", PURPLE),
        _line(partial(subscriber.queue.metric, waiting), "Maximum", "others wait", GREY),
    ]


def _duration(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    metric, timeout = subscriber.function.metric_duration, 1000 * subscriber.timeout
    return _graph(
        "duration, ms",
        4,
        [_line(metric, "p50", "p50", BLUE), _line(metric, "Maximum", "max", ORANGE)],
        cloudwatch.HorizontalAnnotation(value=timeout, label="time-out", color=RED),
    )


def _concurrency(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    function = subscriber.function
    running = partial(function.metric, "ConcurrentExecutions")
    return _graph(
        "at the same time",
        3,
        [
            _line(running, "Maximum", "running", BLUE),
            _line(function.metric_throttles, "Sum", "throttled", RED),
        ],
        cloudwatch.HorizontalAnnotation(value=subscriber.max_concurrency, label="limit", color=GREY),
    )


def _cost(subscriber: Subscriber) -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title="$ a month now",
        metrics=[dollars_a_month(subscriber).with_(color=GREY)],
        sparkline=True,
        width=3,
        height=HEIGHT,
    )


def _worker_cost(subscriber: Subscriber) -> cloudwatch.SingleValueWidget:
    return cloudwatch.SingleValueWidget(
        title="$ a month now",
        metrics=[dollars_of_workers(subscriber).with_(color=GREY)],
        sparkline=True,
        width=2,
        height=HEIGHT,
    )


def _called(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    """Of a task that its topic calls: nothing waits in a queue, and what Lambda gives up is dropped."""
    function = subscriber.function
    return _graph(
        "called, done, failed, dropped",
        5,
        [
            _line(function.metric_invocations, "Sum", "called", BLUE),
            _line(_own(subscriber, names.DONE), "Sum", "done", GREEN),
            _line(_own(subscriber, names.FAILED), "Sum", "failed", ORANGE),
            _line(partial(function.metric, "AsyncEventsDropped"), "Sum", "dropped", RED),
        ],
    )


def _async_age(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    age = partial(subscriber.function.metric, "AsyncEventAge")
    return _graph("waits for Lambda, ms", 3, [_line(age, "Maximum", "oldest", ORANGE)])


def _workers(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    """Each task of a service sends one sample a minute: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html

    Elsewhere nobody counts them; how many events are in hand is known of both.
    """
    in_hand = subscriber.queue.metric_approximate_number_of_messages_not_visible
    lines: list[cloudwatch.IMetric] = [_line(in_hand, "Maximum", "events in hand, or to be tried again", BLUE)]
    used = _of_service(subscriber, "CPUUtilization")
    if used is not None:
        running = cloudwatch.MathExpression(
            expression="samples / (PERIOD(samples) / 60)",
            label="workers",
            color=GREEN,
            period=PERIOD,
            using_metrics={"samples": used(statistic="SampleCount", period=PERIOD)},
        )
        lines.append(running)
    return _graph(
        "workers",
        4,
        lines,
        cloudwatch.HorizontalAnnotation(value=subscriber.max_concurrency, label="most workers", color=GREY),
    )


def _load(subscriber: Subscriber) -> cloudwatch.GraphWidget:
    made = [
        (_of_service(subscriber, name), label, colour)
        for name, label, colour in (("CPUUtilization", "CPU", BLUE), ("MemoryUtilization", "memory", ORANGE))
    ]
    return _graph("used, %", 3, [_line(metric, "Maximum", label, colour) for metric, label, colour in made if metric])


def _of_service(subscriber: Subscriber, name: str) -> Callable[..., cloudwatch.Metric] | None:
    names_ = subscriber.consumer.service_names
    if names_ is None:
        return None
    dimensions = {"ClusterName": names_[0], "ServiceName": names_[1]}
    return partial(cloudwatch.Metric, namespace="AWS/ECS", metric_name=name, dimensions_map=dimensions)


_QUEUED = (_name, _flow, _dead, _age, _duration, _concurrency, _cost)
_WORKER = (_name, _flow, _dead, _age, _workers)
_FARGATE = (*_WORKER, _load, _worker_cost)
_DIRECT = (_name, _called, _dead, _async_age, _duration, _concurrency)


def _own(subscriber: Subscriber, name: str) -> Callable[..., cloudwatch.Metric]:
    dimensions = {names.STACK_DIMENSION: subscriber.stack_name, names.TASK_DIMENSION: subscriber.task}
    return partial(cloudwatch.Metric, namespace=names.NAMESPACE, metric_name=name, dimensions_map=dimensions)


def _line(metric: Callable[..., cloudwatch.Metric], statistic: str, label: str, colour: str) -> cloudwatch.Metric:
    return metric(statistic=statistic, label=label, color=colour, period=PERIOD)


def _graph(
    title: str, width: int, lines: Sequence[cloudwatch.IMetric], *limits: cloudwatch.HorizontalAnnotation
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(lines),
        left_annotations=list(limits),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        legend_position=cloudwatch.LegendPosition.RIGHT if width > 4 else cloudwatch.LegendPosition.HIDDEN,
        width=width,
        height=HEIGHT,
    )
