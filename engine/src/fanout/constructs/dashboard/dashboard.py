"""One dashboard per stack: its topics on top, then one row per subscriber, so that thirty read like three."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs.alarms.runbook import OPERATIONS, Place, where
from fanout.constructs.cdk_cache import fact, region_of_stack
from fanout.constructs.dashboard import intake
from fanout.constructs.dashboard.cost import dollars_a_month, dollars_of_workers, of_service
from fanout.constructs.dashboard.widgets import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    Limit,
    Line,
    Widget,
    body,
    graph,
    number,
    ringing,
    text,
)
from fanout.constructs.metric import Expression, of_function, of_queue, of_task, of_topic
from fanout.constructs.registry import in_order, late_string
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber


def dashboard(
    scope: Construct,
    *,
    topics: Mapping[str, sns.ITopic],
    subscribers: Sequence[Subscriber],
    alarms: Callable[[], Sequence[cloudwatch.CfnAlarm]],
    settings: Settings,
    intakes: Sequence[str] = (),
) -> None:
    """The same eight numbers for each subscriber, always at the same place; every line has a name and a colour.

    `topics` are by the titles of their graphs. `subscribers` and `intakes`, the names of their stacks, may grow until the synth, which asks for `alarms` too.
    """

    @cache
    def made() -> str:
        traced = settings.traces_topic or any(each.settings.tracing == "active" for each in subscribers)
        first, *others = [_topic(scope, title, topic) for title, topic in topics.items()]
        return body(
            [
                [_links(scope, settings, traced=traced), _needs_a_person(alarms()), first],
                *(others[at : at + 2] for at in range(0, len(others), 2)),
                *(intake.row(stack) for stack in intakes),
                *(_row(subscriber) for subscriber in in_order(subscribers)),
            ]
        )

    cloudwatch.CfnDashboard(Construct(scope, "Dashboard"), "Resource", dashboard_body=late_string(made))


def _row(subscriber: Subscriber) -> list[Widget]:
    of_workers = _FARGATE if subscriber.consumer.service_names else _WORKER
    makers = _DIRECT if not subscriber.is_queued else _QUEUED if subscriber.consumer.has_function else of_workers
    return [make(subscriber) for make in makers if make is not _dead or subscriber.buries]


def _links(scope: Construct, settings: Settings, *, traced: bool) -> Widget:
    region = region_of_stack(scope)
    console = f"https://{region}.console.aws.amazon.com"
    traces = f"[traces]({console}/cloudwatch/home?region={region}#xray:service-map/map) · " if traced else ""
    return text(
        f"## {settings.name}\n"
        f"[alarms]({console}/cloudwatch/home?region={region}#alarmsV2:) · "
        f"{traces}"
        f"[queues]({console}/sqs/v3/home?region={region}#/queues)\n\n"
        f"`fanout status {where(Place(scope=scope, settings=settings, owner=settings.owner))}` · {OPERATIONS} · owner: {settings.owner}",
        width=6,
    )


def _needs_a_person(alarms: Sequence[cloudwatch.CfnAlarm]) -> Widget:
    return ringing("Needs a person", [fact(each, "attr_arn") for each in alarms], width=9)


def _topic(scope: Construct, title: str, topic: sns.ITopic) -> Widget:
    def line(name: str, label: str, colour: str) -> Line:
        return Line(of_topic(scope, topic, name, "Sum"), label, colour)

    return graph(
        title,
        9,
        [
            line("NumberOfMessagesPublished", "published", BLUE),
            line("NumberOfNotificationsDelivered", "delivered", GREEN),
            line("NumberOfNotificationsFailed", "failed", RED),
        ],
    )


def _name(subscriber: Subscriber) -> Widget:
    return text(f"### {subscriber.task}\n{subscriber.attempts} attempts", width=3)


def _flow(subscriber: Subscriber) -> Widget:
    return graph(
        "in, done, failed",
        5,
        [
            Line(of_queue(subscriber.queue, "NumberOfMessagesSent", "Sum"), "in", BLUE),
            _own(subscriber, names.DONE, "done", GREEN),
            _own(subscriber, names.FAILED, "failed", ORANGE),
            _own(subscriber, names.DEAD, "dead", RED),
            *_fairness(subscriber),
        ],
    )


def _dead(subscriber: Subscriber) -> Widget:
    letters = of_queue(subscriber.dead_letter_queue, "ApproximateNumberOfMessagesVisible", "Maximum")
    return number("dead letters", Line(letters, "now", RED), width=3)


def _age(subscriber: Subscriber) -> Widget:
    """Without the alarm's line: hours of it would flatten the seconds of a healthy day."""
    queue = subscriber.queue
    lines = [Line(of_queue(queue, "ApproximateAgeOfOldestMessage", "Maximum"), "oldest", ORANGE)]
    if subscriber.fair_by:
        quiet = of_queue(queue, "ApproximateAgeOfOldestMessageInQuietGroups", "Maximum")
        lines.append(Line(quiet, "of the others", BLUE))
    return graph("oldest, s", 3, lines)


def _fairness(subscriber: Subscriber) -> list[Line]:
    """Groups that flood the queue, and how many messages of the others wait.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    if not subscriber.fair_by:
        return []
    noisy, waiting = "ApproximateNumberOfNoisyGroups", "ApproximateNumberOfMessagesVisibleInQuietGroups"
    return [
        Line(of_queue(subscriber.queue, noisy, "Maximum"), "flooding", PURPLE),
        Line(of_queue(subscriber.queue, waiting, "Maximum"), "others wait", GREY),
    ]


def _duration(subscriber: Subscriber) -> Widget:
    median, longest = (of_function(subscriber.function, "Duration", each) for each in ("p50", "Maximum"))
    return graph(
        "duration, ms",
        4,
        [Line(median, "p50", BLUE), Line(longest, "max", ORANGE)],
        Limit(1000 * subscriber.timeout, "time-out", RED),
    )


def _concurrency(subscriber: Subscriber) -> Widget:
    function = subscriber.function
    return graph(
        "at the same time",
        3,
        [
            Line(of_function(function, "ConcurrentExecutions", "Maximum"), "running", BLUE),
            Line(of_function(function, "Throttles", "Sum"), "throttled", RED),
        ],
        Limit(subscriber.max_concurrency, "limit", GREY),
    )


def _cost(subscriber: Subscriber) -> Widget:
    return number("$ a month now", Line(dollars_a_month(subscriber), "$ a month", GREY), width=3)


def _worker_cost(subscriber: Subscriber) -> Widget:
    return number("$ a month now", Line(dollars_of_workers(subscriber), "$ a month", GREY), width=2)


def _called(subscriber: Subscriber) -> Widget:
    """Of a task that its topic calls: nothing waits in a queue, and what Lambda gives up is dropped."""
    function = subscriber.function
    return graph(
        "called, done, failed, dropped",
        5,
        [
            Line(of_function(function, "Invocations", "Sum"), "called", BLUE),
            _own(subscriber, names.DONE, "done", GREEN),
            _own(subscriber, names.FAILED, "failed", ORANGE),
            Line(of_function(function, "AsyncEventsDropped", "Sum"), "dropped", RED),
        ],
    )


def _async_age(subscriber: Subscriber) -> Widget:
    age = of_function(subscriber.function, "AsyncEventAge", "Maximum")
    return graph("waits for Lambda, ms", 3, [Line(age, "oldest", ORANGE)])


def _workers(subscriber: Subscriber) -> Widget:
    """Each task of a service sends one sample a minute: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html

    Elsewhere nobody counts them; how many events are in hand is known of both.
    """
    in_hand = of_queue(subscriber.queue, "ApproximateNumberOfMessagesNotVisible", "Maximum")
    lines = [Line(in_hand, "events in hand, or to be tried again", BLUE)]
    if subscriber.consumer.service_names:
        samples = of_service(subscriber, "CPUUtilization", "SampleCount")
        running = Expression(expression="samples / (PERIOD(samples) / 60)", metrics={"samples": samples})
        lines.append(Line(running, "workers", GREEN))
    return graph("workers", 4, lines, Limit(subscriber.max_concurrency, "most workers", GREY))


def _load(subscriber: Subscriber) -> Widget:
    cpu, memory = (of_service(subscriber, f"{each}Utilization", "Maximum") for each in ("CPU", "Memory"))
    return graph("used, %", 3, [Line(cpu, "CPU", BLUE), Line(memory, "memory", ORANGE)])


_QUEUED = (_name, _flow, _dead, _age, _duration, _concurrency, _cost)
_WORKER = (_name, _flow, _dead, _age, _workers)
_FARGATE = (*_WORKER, _load, _worker_cost)
_DIRECT = (_name, _called, _dead, _async_age, _duration, _concurrency)


def _own(subscriber: Subscriber, name: str, label: str, colour: str) -> Line:
    return Line(of_task(subscriber.stack_name, subscriber.task, name, "Sum"), label, colour)
