"""`python -m benchmarks.peers.million <events>`: publishes a generator of so many events to a client that takes everything,
and prints by how many MB the process grew after the first ten thousand.
"""

import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from fanout.publisher import Event, EventPublisher
from tests.published import order_placed

FIRST = 10_000


def taken(*, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in PublishBatchRequestEntries]}


def events(count: int) -> Iterator[Event]:
    example = order_placed(shop_id="contact", order_id="1", items={"message": "x" * 300})
    for number in range(count):
        yield replace(example, id=f"event-{number}", body=f"{example.body} {number}")


def main(count: int) -> None:
    client: Any = SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-1"), publish_batch=taken)
    orders = EventPublisher("arn:aws:sns:eu-west-1:123456789012:OrderPlaced", client=client)
    orders.publish_many(events(FIRST))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = orders.publish_many(events(count))
    if result.published != count:
        sys.exit(f"published {result.published} of {count}")
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


if __name__ == "__main__":
    main(int(sys.argv[1]))
