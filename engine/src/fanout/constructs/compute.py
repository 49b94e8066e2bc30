"""What runs a task: a function, and how its event source mapping hands it messages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from aws_cdk import Duration
from constructs import Construct

from fanout.batching import BATCHING, BatchingMode
from fanout.constructs.consumer import Consumer, Host
from fanout.constructs.errors import expect
from fanout.constructs.function_consumer import FunctionConsumer
from fanout.constructs.kinds import check_fields
from fanout.constructs.retry import Retry
from fanout.constructs.settings import Settings

Time = timedelta | Duration


def in_seconds(time: Time) -> int:
    """Whole seconds of a duration, as Python or as the CDK writes it."""
    return int(time.total_seconds() if isinstance(time, timedelta) else time.to_seconds())


class Compute(Protocol):
    """One way to run a task: what a subscriber's argument `compute` takes. Times in seconds."""

    @property
    def queued(self) -> bool:
        """Whether events wait in a queue of the task."""

    @property
    def buries(self) -> bool:
        """Whether the task has a dead-letter queue."""

    @property
    def longest_attempt(self) -> int: ...

    def attempts(self, retry: Retry) -> int:
        """Of an event that always fails."""

    def window(self, settings: Settings, *, ordered: bool) -> int:
        """That a message waits for others."""

    def visibility(self, settings: Settings, *, ordered: bool) -> int:
        """For which the queue hides a message that is being worked on."""

    def bound(self, settings: Settings) -> int:
        """Invocations, or processes, at a time."""

    def sleeps(self, settings: Settings) -> bool:
        """Whether nothing runs, and nothing is paid for, while nothing comes: heartbeats would wake it for ever."""

    def validate(self, owner: str, settings: Settings, *, ordered: bool) -> None:
        """Raises ConfigurationError in one line that starts with `owner`. `ordered`: the topic is FIFO."""

    def consumer(self, scope: Construct, host: Host) -> Consumer:
        """Makes it in `scope`."""


@dataclass(frozen=True, kw_only=True)
class Batching:
    """Up to `size` messages an invocation; the first waits up to `window` for the others."""

    size: int = 10
    window: Time = timedelta(0)

    def validate(self, owner: str, *, ordered: bool) -> None:
        """Raises ConfigurationError in one line that starts with `owner`. `ordered`: the queue is FIFO."""
        check_fields(owner, self, of=Batching, within="batching.")
        size, window = self.size, in_seconds(self.window)
        expect(owner, "batching.window", 0 <= window <= 300, window, "at most 300 seconds")
        expect(owner, "batching.size", 1 <= size <= 10_000, size, "1 to 10000")
        if ordered:
            expect(owner, "batching.size", size <= 10, size, "at most 10 behind a FIFO topic")
            expect(owner, "batching.window", not window, window, "none behind a FIFO topic")
        alone = size <= 10 or window >= 1
        expect(owner, "batching.size", alone, size, "at most 10, or a window of at least 1 second")


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function. `None` is what settings say.

    `batching` is latency, cost, or a Batching of one's own. `max_concurrency` bounds invocations, `messages_at_once` the
    messages of one batch that are worked on at the same time.
    """

    timeout: Time = timedelta(seconds=30)
    memory_mib: int = 256
    batching: BatchingMode | Batching | None = None
    max_concurrency: int | None = None
    messages_at_once: int = 10

    @property
    def queued(self) -> bool:
        return True

    @property
    def buries(self) -> bool:
        return True

    def attempts(self, retry: Retry) -> int:
        return retry.attempts

    @property
    def longest_attempt(self) -> int:
        return in_seconds(self.timeout)

    def window(self, settings: Settings, *, ordered: bool) -> int:
        return in_seconds(self.batching_for(settings, ordered=ordered).window)

    def visibility(self, settings: Settings, *, ordered: bool) -> int:
        """Six times the time-out and the window, as AWS asks: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
        return 6 * self.longest_attempt + self.window(settings, ordered=ordered)

    def consumer(self, scope: Construct, host: Host) -> Consumer:
        settings, ordered = host.settings, host.ordered
        return FunctionConsumer(
            scope,
            host,
            timeout=self.longest_attempt,
            memory_mib=self.memory_mib,
            messages_at_once=self.messages_at_once,
            batch_size=self.batching_for(settings, ordered=ordered).size,
            window=self.window(settings, ordered=ordered),
            max_concurrency=self.bound(settings),
        )

    def batching_for(self, settings: Settings, *, ordered: bool) -> Batching:
        """As it is deployed. A FIFO queue has no window, so a word asks for none there."""
        chosen = self.batching or settings.batching
        if isinstance(chosen, Batching):
            return chosen
        size, window = BATCHING[chosen]
        return Batching(size=size, window=timedelta(seconds=0 if ordered else window))

    def bound(self, settings: Settings) -> int:
        """Invocations at a time."""
        return settings.max_concurrency if self.max_concurrency is None else self.max_concurrency

    def sleeps(self, settings: Settings) -> bool:
        return False

    def validate(self, owner: str, settings: Settings, *, ordered: bool) -> None:
        """Raises ConfigurationError in one line that starts with `owner`."""
        check_fields(owner, self, of=Function)
        timeout, memory, bound, at_once = (
            in_seconds(self.timeout),
            self.memory_mib,
            self.bound(settings),
            self.messages_at_once,
        )
        expect(owner, "timeout", 3 <= timeout <= 900, timeout, "3 to 900 seconds")
        expect(owner, "memory_mib", 128 <= memory <= 10_240, memory, "128 to 10240")
        self.batching_for(settings, ordered=ordered).validate(owner, ordered=ordered)
        expect(owner, "max_concurrency", 2 <= bound <= 1_000, bound, "2 to 1000 (AWS refuses 1)")
        expect(owner, "messages_at_once", 1 <= at_once <= 100, at_once, "1 to 100 messages of a batch at a time")
