"""`python benchmarks/peers/connections.py ours 10`: so many requests at once of a new client, a connection each.

Prints the milliseconds of the processor that they took, and those that passed. `ours` is a client of the runtime, `bare` botocore's own.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session

from fanout.runtime import client


def main(whose: str, count: int) -> None:
    made: Any = client("sqs") if whose == "ours" else botocore.session.get_session().create_client("sqs")
    barrier = threading.Barrier(count + 1)

    def ask(_: int) -> None:
        barrier.wait()
        made.list_queues(QueueNamePrefix="nothing")

    with ThreadPoolExecutor(count) as pool:
        asked = pool.map(ask, range(count))
        began, began_to_compute = time.perf_counter(), time.process_time()
        barrier.wait()
        list(asked)
        took, computed = time.perf_counter() - began, time.process_time() - began_to_compute
    print(computed * 1000, took * 1000)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
