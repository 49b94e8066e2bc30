"""What becomes of messages that were sent: read from the functions' log, a bounded number of them at a time."""

import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from fanout.ops.aws import logs
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.aws.logs import Line
from fanout.ops.interrupt import Stop

MOST_WATCHED = 1_000
_OVERLAP = timedelta(seconds=30)
"""A line may become readable later than a younger one."""


class OutcomeWatcher:
    """Counts what the watched messages became. More than `MOST_WATCHED` at a time: the oldest are let go."""

    def __init__(self, subscriber: DeployedSubscriber) -> None:
        self._subscriber = subscriber
        self._since = datetime.now(UTC) - timedelta(seconds=10)
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._failed: OrderedDict[str, Line] = OrderedDict()
        self.done = 0
        self.unwatched = 0

    def watch(self, message_id: str) -> None:
        self._waiting[message_id] = None
        if len(self._waiting) > MOST_WATCHED:
            self._waiting.popitem(last=False)
            self.unwatched += 1

    @property
    def waiting(self) -> int:
        """Without an outcome so far, or with one that may be followed by a better one."""
        return len(self._waiting)

    @property
    def pending(self) -> int:
        """Without any outcome so far."""
        return len(self._waiting.keys() - self._failed.keys())

    @property
    def failed(self) -> list[Line]:
        """The last failure of each message that failed and was not done since."""
        return list(self._failed.values())

    def poll(self) -> None:
        if not self._waiting:
            return
        newest = self._since
        for line in logs.outcomes(self._subscriber.aws, self._subscriber.log_group, self._since):
            newest = max(newest, line.at)
            if line.message_id in self._waiting:
                self._count(line)
        if len(self._waiting) == MOST_WATCHED or not self._failed:
            self._since = max(self._since, newest - _OVERLAP)

    def wait(self, seconds: float, stop: Stop, *, until_failures: int = 0) -> None:
        """Until all are done or dead, or so many have failed, or the time is over."""
        end = time.monotonic() + seconds
        pause = 0.25
        while self._waiting and not stop and time.monotonic() < end:
            self.poll()
            if not self._waiting or (until_failures and len(self._failed) >= until_failures):
                return
            stop.sleep(min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 1.5, 2.0)

    def _count(self, line: Line) -> None:
        if line.is_success:
            self._waiting.pop(line.message_id, None)
            self._failed.pop(line.message_id, None)
            self.done += 1
            return
        self._failed[line.message_id] = line
        if line.kind == "dead":
            self._waiting.pop(line.message_id, None)
