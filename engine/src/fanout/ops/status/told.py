"""What one call tells of many subscribers: mappings and their tags, ages, and how many messages were done and failed.

Who is missing in an answer is unknown by it; so is everybody where there is no answer. Whoever needs to know asks for that
one alone, and says why that cannot be told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import one_line
from fanout.ops.aws.mappings import Listed, all_mappings, all_tags
from fanout.ops.aws.metrics import KeptMetrics, Metric, Values, of_task
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import FUNCTION, DeployedSubscriber

RECENT = timedelta(minutes=15)
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_METRIC_DELAY = timedelta(minutes=10)
_DONE, _FAILED = (names.DONE, names.DUPLICATE), (names.FAILED, names.DEAD)


@dataclass(frozen=True)
class Told:
    """`stack` is its name. `problems`: what could not be asked, a sentence each."""

    stack: str = ""
    mappings: Listed = field(default_factory=dict)
    tags: Mapping[str, dict[str, str]] = field(default_factory=dict)
    metrics: Mapping[Metric, Values] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    """Tasks of more than one subscriber: their metrics are of all of these together."""
    problems: Sequence[str] = ()

    def oldest_seconds(self, subscriber: DeployedSubscriber) -> int | None:
        """None where CloudWatch has no age of the last minutes."""
        since = datetime.now(UTC) - _METRIC_DELAY
        told = [each for each in self.metrics.get(_age(subscriber), ()) if each[0] > since]
        return int(max(told)[1]) if told else None

    def last_success(self, subscriber: DeployedSubscriber) -> datetime | None:
        """The beginning of that minute."""
        told = (self.metrics.get(each, ()) for each in _outcomes(self.stack, subscriber, _DONE))
        return max((at for values in told for at, count in values if count), default=None)

    def is_well(self, subscriber: DeployedSubscriber) -> bool:
        """No attempt failed; False where that is not known."""
        told = [self.metrics.get(each) for each in _outcomes(self.stack, subscriber, _FAILED)]
        return all(values is not None and not any(count for _, count in values) for values in told)


@dataclass(frozen=True)
class Asked:
    """Of mappings and their tags, under way; None where it is not asked for."""

    mappings: "Future[Listed] | None" = None
    tags: "Future[dict[str, dict[str, str]]] | None" = None


def ask_for_all(aws: Aws, pool: Executor) -> Asked:
    return Asked(pool.submit(all_mappings, aws), pool.submit(all_tags, aws))


def ask_for_one(subscriber: DeployedSubscriber, pool: Executor) -> Asked:
    if subscriber.kind != FUNCTION:
        return Asked()
    return Asked(pool.submit(all_mappings, subscriber.aws, subscriber.function_name))


def ask(
    asked: Asked, subscribers: Sequence[DeployedSubscriber], stack: str, pool: Executor, kept: KeptMetrics
) -> Callable[[], Told]:
    """The metrics under way, too; call what is returned to wait for all of it. Of no `stack` no outcomes are asked for."""
    queued = [each for each in subscribers if each.queue_url]
    problems: list[str] = []
    told = pool.submit(_read, queued[0].aws, list(_wanted(stack, queued)), problems, kept) if queued else None
    shared = frozenset(task for task, number in Counter(each.task for each in queued).items() if number > 1)

    def wait() -> Told:
        found = told.result() if told else {}
        return Told(stack, _answer(asked.mappings), _answer(asked.tags), found, shared, problems)

    return wait


def _answer(asked: "Future[dict[_Key, _Value]] | None") -> dict[_Key, _Value]:
    """Nothing of what could not be told in one call, whatever the reason: each is asked for by itself then."""
    return {} if asked is None or asked.exception() else asked.result()


def _wanted(stack: str, queued: Iterable[DeployedSubscriber]) -> Iterator[Metric]:
    for each in queued:
        yield _age(each)
        if stack and each.is_measured and each.kind == FUNCTION:
            yield from _outcomes(stack, each, (*_DONE, *_FAILED))


def _age(subscriber: DeployedSubscriber) -> Metric:
    """SQS tells the age by a metric alone, a few minutes late:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", (("QueueName", subscriber.queue_name),))


def _outcomes(stack: str, subscriber: DeployedSubscriber, kinds: Iterable[str]) -> Iterator[Metric]:
    return (of_task(each, "Sum", stack=stack, task=subscriber.task) for each in kinds)


def _read(aws: Aws, wanted: list[Metric], problems: list[str], kept: KeptMetrics) -> dict[Metric, Values]:
    now = datetime.now(UTC)
    try:
        return kept.read(aws, wanted, now - RECENT, now)
    except (ClientError, BotoCoreError) as error:
        problems.append(one_line(error))
    except Exception as error:  # whatever is in an answer: queues and logs say what there is to say
        problems.append(f"not all metrics can be read: {type(error).__name__}")
    return {}
