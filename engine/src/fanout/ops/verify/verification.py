"""What the steps of one `fanout verify` share: the stack, the probes that were published, what was learned, and the time."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.ops.aws import logs
from fanout.ops.aws.line import Line
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DIRECT, WORKER, DeployedSubscriber
from fanout.ops.aws.subscription import Subscription, read_subscriptions
from fanout.ops.dead_letters import browse
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.interrupt import Stop
from fanout.ops.verify import probes
from fanout.ops.verify.probes import Probe
from fanout.ops.verify.result import Fact, Failed, NotShown

T = TypeVar("T")
EARLIER = timedelta(minutes=1)
"""Clocks differ."""
WORKER_STARTS = 1_200
"""Seconds: of a queue that was quiet for hours the metrics that start a worker come up to 15 minutes late, and it takes a few.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
SOONEST, LATEST = 0.25, 3.0
"""Seconds between two looks: more and more."""


@dataclass
class Verification:
    """One run. `role` is assumed for sessions with the stack's own policies; `asked` are the steps named one by one."""

    stack: Stack
    stop: Stop = field(default_factory=Stop)
    role: str | None = None
    asked: tuple[str, ...] = ()
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:10])
    clock: Callable[[], float] = time.monotonic
    facts: list[Fact] = field(default_factory=list)
    sent: dict[str, dict[str, Probe]] = field(default_factory=dict)
    """By name and task: what was published last."""
    since: datetime = field(default_factory=lambda: probes.now() - EARLIER)

    @property
    def prefix(self) -> str:
        """Of the ids of this run's probes."""
        return f"{probes.PREFIX}{self.run}-"

    @cached_property
    def template(self) -> Deployed:
        return Deployed.read(self.stack)

    @cached_property
    def reach(self) -> dict[str, dict[str, str] | None]:
        """Of those with a queue: what Lambda tries again by itself takes minutes that no probe waits for."""
        return probes.reach([each for each in self.stack.subscribers if each.queue_url], self._subscriptions)

    def _subscriptions(self, subscriber: DeployedSubscriber) -> list[Subscription]:
        """To the topic of this stack. Raises Failed where SNS does not say: who gets no probe is no proof of anything then."""
        try:
            found = read_subscriptions(subscriber)
        except (ClientError, BotoCoreError) as error:
            raise Failed(f"the subscription of {subscriber.task} could not be read: {one_line(error)}") from None
        return [each for each in found if each.topic_arn == self.stack.topic_arn]

    @property
    def reached(self) -> list[DeployedSubscriber]:
        """Those that a probe gets to. Raises NotShown when there is none."""
        found = [
            each for each in self.stack.subscribers if self.reach.get(each.task) is not None and not _is_elsewhere(each)
        ]
        if not found:
            raise NotShown("no filter of the topic's subscribers lets a probe through")
        return found

    def not_reached(self) -> str:
        """For the end of a line."""
        left = [task for task, attributes in self.reach.items() if attributes is None]
        called = [each.task for each in self.stack.subscribers if each.kind == DIRECT]
        found = f"; not shown at {', '.join(left)}, whose filter keeps probes back" if left else ""
        found += f"; not shown at {', '.join(called)}, which the topic calls without a queue" if called else ""
        away = [each.task for each in self.stack.subscribers if _is_elsewhere(each)]
        return found + (f"; not shown at {', '.join(away)}, whose worker and log are elsewhere" if away else "")

    @property
    def starts(self) -> float:
        """Seconds that workers may need to be there, beyond what a function needs."""
        return WORKER_STARTS if any(each.kind == WORKER for each in self.stack.subscribers) else 0

    def learn(self, question: str, answer: Any, seconds: float | None = None) -> None:
        self.facts.append(Fact(question, answer, seconds))

    def publish(
        self,
        name: str,
        do: str = "done",
        *,
        at: Sequence[DeployedSubscriber] | None = None,
        task: str | None = None,
        until_attempt: int = 2,
        seconds: int = 900,
        extra: int = 0,
        sns: Any = None,
    ) -> dict[str, Probe]:
        """One probe for each set of attributes that their filters need; by task. `extra`: so many attributes more.

        Where the topic calls a task without a queue, a probe of a failure names the one task that it is for: each of Lambda's
        tries there is the first, so it would fail until it is a dead letter, or dropped, after everything is cleaned.
        """
        subscribers = self.reached if at is None else at
        each_alone = do != "done" and any(each.kind == DIRECT for each in self.stack.subscribers)
        made: dict[tuple[Any, ...], Probe] = {}
        sent: dict[str, Probe] = {}
        for each in subscribers:
            attributes = dict(self._reaching(each))
            named = each.task if each_alone else task
            key = (named, *sorted(attributes.items()))
            if key not in made:
                attributes |= {f"extra_{number}": "x" for number in range(extra)}
                id_ = f"{self.prefix}{name}-{len(made)}" + (f"-{named.replace('_', '-')}" if named else "")
                data = {"task": named, "do": do, "until_attempt": until_attempt, "seconds": seconds}
                made[key] = Probe(id_, probes.now(), data, attributes)
                (sns or self.stack.aws.sns).publish(**made[key].request(self.stack.topic_arn))
            sent[each.task] = made[key]
        self.sent.setdefault(name, {}).update(sent)
        return sent

    def _reaching(self, subscriber: DeployedSubscriber) -> Mapping[str, str]:
        found = self.reach[subscriber.task]
        return probes.HEARTBEAT if found is None else found

    def publish_again(self, probe: Probe) -> None:
        """Another message with the same event."""
        self.stack.aws.sns.publish(**probe.request(self.stack.topic_arn, copy="-copy"))

    def lines(self, subscriber: DeployedSubscriber, probe: Probe) -> list[Line]:
        """The outcomes of a probe there, the oldest first."""
        found, _ = logs.about(subscriber.aws, subscriber.log_group, probe.id, self.since)
        return found

    def dead(self, subscriber: DeployedSubscriber, id_: str) -> DeadLetterMessage | None:
        """The dead letter of a probe, which is shown to everybody again."""
        with browse.browse(subscriber.aws, subscriber.dead_letter_queue_url, limit=browse.MOST) as browsing:
            for message in browsing:
                if message.event_id == id_:
                    return message
        return None

    def wait(self, look: Callable[[], T | None], seconds: float, what: str) -> T:
        """The first answer of `look` that is one. Raises Failed, which says `what`, when the time is over."""
        end, pause = self.clock() + seconds, SOONEST
        while True:
            found = look()
            if found:
                return found
            if self.stop:
                raise KeyboardInterrupt
            if self.clock() >= end:
                raise Failed(f"{what}, after {seconds:g} s")
            self.stop.sleep(pause)
            pause = min(pause * 1.5, LATEST)

    def wait_at(
        self,
        at: Sequence[DeployedSubscriber],
        look: Callable[[DeployedSubscriber], T | None],
        seconds: float,
        what: str,
    ) -> dict[str, T]:
        """By task, the answers of all of them; Failed names those without one."""
        found: dict[str, T] = {}

        def all_of_them() -> bool:
            for each in at:
                if each.task not in found and (answer := look(each)):
                    found[each.task] = answer
            return len(found) == len(at)

        try:
            self.wait(all_of_them, seconds, what)
        except Failed as error:
            missing = [each.task for each in at if each.task not in found]
            raise Failed(f"{', '.join(missing)}: {error}") from None
        return found


def _is_elsewhere(subscriber: DeployedSubscriber) -> bool:
    return subscriber.kind == WORKER and not subscriber.log_group
