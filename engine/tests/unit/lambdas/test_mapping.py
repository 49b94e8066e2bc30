"""The interpreter of the mapping against what AWS was recorded to do, and what its page says."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.lambdas.mapping import Clock, Mapping, Message, NoAnswer, Queue, returned


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ('{"batchItemFailures": [{"itemIdentifier": "b"}]}', "b"),
        ('{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "a"}]}', "ab"),
        ("{}", ""),
        ("null", ""),
        ('""', ""),
        ("[]", ""),
        ('{"batchItemFailures": []}', ""),
        ('{"batchItemFailures": null}', ""),
        ('{"batchItemFailures": [{"foo": "notvalid"}]}', "abc"),
        ('{"batchItemFailures": [{"foo": null}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": 123}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": "not in the batch"}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "not in the batch"}]}', "abc"),
        ("not JSON", "abc"),
        (NoAnswer("raised"), "abc"),
        (NoAnswer("timed out"), "abc"),
    ],
)
def test_what_an_answer_means(answer: str | NoAnswer, kept: str) -> None:
    assert returned(answer, ["a", "b", "c"]) == set(kept)


@dataclass
class Failing:
    """A function that fails each body so many times, and remembers what it was given."""

    times: dict[str, int]
    seen: list[list[tuple[str, int]]] = field(default_factory=list)

    def __call__(self, event: dict[str, Any]) -> str:
        batch = [
            (each["messageId"], each["body"], int(each["attributes"]["ApproximateReceiveCount"]))
            for each in event["Records"]
        ]
        self.seen.append([(body, received) for _, body, received in batch])
        failed = [{"itemIdentifier": id_} for id_, body, received in batch if received <= self.times[body]]
        return json.dumps({"batchItemFailures": failed})


def recorded_queue(fifo: bool) -> Queue:
    clock = Clock()
    return Queue(clock, fifo=fifo, visibility=8, max_receives=2, dead_letters=Queue(clock, fifo=fifo))


def test_a_partial_answer_in_a_fifo_group_as_recorded_on_aws() -> None:
    """Recorded on 3 March 2025: two invocations, then the fourth message is dead under its own id."""
    queue = recorded_queue(fifo=True)
    ids = [f"message-{number}" for number in range(1, 5)]
    for number, id_ in enumerate(ids):
        queue.send(Message(str(number), group="1", deduplication=f"dedup-{number}", id=id_))
    invoke = Failing({"0": 0, "1": 1, "2": 1, "3": 2})
    Mapping(queue, invoke).run()
    assert invoke.seen == [
        [("0", 1), ("1", 1), ("2", 1), ("3", 1)],
        [("1", 2), ("2", 2), ("3", 2)],
    ]
    assert queue.dead_letters and [message.id for message in queue.dead_letters.messages] == ["message-4"]


def test_a_function_error_costs_the_good_message_its_attempts_too_as_recorded_on_aws() -> None:
    """Recorded on 25 November 2025: of a batch of two with one bad body, both end as dead letters."""
    queue = recorded_queue(fifo=False)
    for body in ("good", "bad"):
        queue.send(Message(body))

    def invoke(event: dict[str, Any]) -> str:
        raise NoAnswer("the function raised")

    Mapping(queue, invoke).run()
    assert queue.dead_letters and {message.body for message in queue.dead_letters.messages} == {"good", "bad"}
    assert all(message.received == 2 for message in queue.dead_letters.messages)
