"""What fairness buys: a queue as AWS documents it, a flood of one group, and how long the others' events wait.

A group is noisy while it has over a tenth of what is in flight, and at least 30 messages; the others' messages are then
handed out first, and a noisy group's when there are none. Messages without a group are each a group of their own.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html

The second sign that AWS looks at, the share of processing time, is left out: with tasks of equal length it says the same.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

PLACES = 100
"""Messages that are worked on at a time: ten invocations of ten."""
SECONDS = 1
"""Of one message."""
SHARE, LEAST = 0.1, 30
FLOOD, QUIET = 20_000, 100


@dataclass(frozen=True)
class Message:
    sent: int
    group: str | None
    shop: str


class Queue:
    """Hands out the oldest first; with groups, the oldest of those that are not noisy."""

    def __init__(self) -> None:
        self._waiting: dict[object, deque[Message]] = {}
        self._in_flight: Counter[object] = Counter()
        self._working: deque[tuple[int, object]] = deque()

    def send(self, message: Message) -> None:
        self._waiting.setdefault(message.group or message, deque()).append(message)

    def tick(self, now: int) -> Iterator[Message]:
        """What is handed out in this second."""
        while self._working and self._working[0][0] <= now:
            self._in_flight[self._working.popleft()[1]] -= 1
        while len(self._working) < PLACES and (group := self._next()) is not None:
            message = self._waiting[group].popleft()
            if not self._waiting[group]:
                del self._waiting[group]
            self._in_flight[group] += 1
            self._working.append((now + SECONDS, group))
            yield message

    def _next(self) -> object | None:
        return min(self._waiting, key=lambda each: (self._is_noisy(each), self._waiting[each][0].sent), default=None)

    def _is_noisy(self, group: object) -> bool:
        return self._in_flight[group] >= LEAST and self._in_flight[group] > SHARE * max(1, len(self._working))


def waits(*, fair: bool) -> dict[str, list[int]]:
    """Seconds of each shop's messages: one shop sends all at once, a hundred others one each, a second apart."""
    queue, waited = Queue(), dict[str, list[int]]()

    def message(now: int, shop: str) -> Message:
        return Message(now, shop if fair else None, shop)

    for _ in range(FLOOD):
        queue.send(message(0, "flood")) if fair else None
    plain = deque([] if fair else [message(0, "flood")] * FLOOD)
    now, left = 0, FLOOD + QUIET
    while left:
        if 1 <= now <= QUIET:
            (queue.send if fair else plain.append)(message(now, f"quiet-{now}"))
        out = queue.tick(now) if fair else (plain.popleft() for _ in range(min(PLACES, len(plain))))
        for each in out:
            waited.setdefault(each.shop, []).append(now - each.sent)
            left -= 1
        now += 1
    return waited


def longest_of_the_others(waited: dict[str, list[int]]) -> int:
    return max(each for shop, of in waited.items() if shop != "flood" for each in of)


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    return waits(fair=True), waits(fair=False)


def test_without_groups_everybody_waits_behind_the_flood(both: tuple[dict[str, list[int]], ...]) -> None:
    _, plain = both
    assert longest_of_the_others(plain) == FLOOD // PLACES - 1


def test_with_groups_the_others_wait_for_a_free_place_and_no_longer(both: tuple[dict[str, list[int]], ...]) -> None:
    fair, _ = both
    assert longest_of_the_others(fair) <= SECONDS


def test_the_flood_itself_takes_as_long_as_before(both: tuple[dict[str, list[int]], ...]) -> None:
    fair, plain = both
    assert len(fair["flood"]) == len(plain["flood"]) == FLOOD
    assert max(fair["flood"]) - max(plain["flood"]) <= QUIET // PLACES
