"""`python benchmarks/peers/connections.py ours 10 sqs`: so many requests at once of each new client, a connection each.

Prints the milliseconds of the processor that they took, and those that passed. `ours` are clients of the runtime, `bare` botocore's own.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session

from fanout.runtime import client

CHEAP = {"dynamodb": "list_tables", "sns": "list_topics", "sqs": "list_queues"}


def main(whose: str, count: int, services: list[str]) -> None:
    make: Any = client if whose == "ours" else botocore.session.get_session().create_client
    asks = [getattr(make(each), CHEAP[each]) for each in services] * count
    barrier = threading.Barrier(len(asks) + 1)

    def at_once(ask: Any) -> None:
        barrier.wait()
        ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        asked = pool.map(at_once, asks)
        began, began_to_compute = time.perf_counter(), time.process_time()
        barrier.wait()
        list(asked)
        took, computed = time.perf_counter() - began, time.process_time() - began_to_compute
    print(computed * 1000, took * 1000)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
