"""Record: what a message costs with its record, in batches of ten, 15 rounds in turn, each the best of 50 batches.

Parse, contract, record and outcome, and the whole handler, against botocore alone with the two requests that they make, all to a
DynamoDB that answers at once, inside of the SDK. Botocore's are checked, as they are by default, and nothing of it has threads.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.harness.errors import BenchmarkError
from benchmarks.harness.measuring import APP, Say, interleaved
from benchmarks.harness.rows import Row, at_most, row
from benchmarks.warm_path import ROUNDS, VARIABLES, Context, batch_of, best, event_class, silence, task_of

OF_THE_SDK = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


def measure(say: Say) -> Iterator[Row]:
    os.environ.update(VARIABLES | OF_THE_SDK | {"FANOUT_COMPLETED_SECONDS": "1641600"})
    sys.path.insert(0, str(APP / "lambdas"))
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield from _with_record(say)


def _with_record(say: Say) -> Iterator[Row]:
    from fanout.runtime import batch, idempotency
    from fanout.runtime.attempt import Attempt
    from fanout.runtime.aws import client, unchecked
    from fanout.runtime.log import logger

    silence(logger)
    idempotency.TABLE = "completed"  # as FANOUT_COMPLETED_TABLE makes it when the function starts
    asked: list[dict[str, Any]] = []
    ours, bare, event = unchecked("dynamodb"), client("dynamodb"), batch_of(10)
    for each in (ours, bare):
        each.meta.events.register("before-send.dynamodb", _answered)
    handle = batch.handler_of(task_of(lambda: None))
    attempt = Attempt(lambda event: None, (event_class(),), "request-1", time.monotonic() + 3_600)
    ours.meta.events.register(
        "provide-client-params.dynamodb", lambda params, **_: asked.append(params), unique_id="asked"
    )
    attempt.at(event["Records"][0])
    ours.meta.events.unregister("provide-client-params.dynamodb", unique_id="asked")
    if len(asked) != 2:
        raise BenchmarkError(f"a message made {len(asked)} requests and not two")

    def parts() -> None:
        for record in event["Records"]:
            attempt.at(record)

    def botocore() -> None:
        for _ in event["Records"]:
            for request in asked:
                bare.update_item(**request)

    times = interleaved(
        {
            "parts": lambda: best(parts),
            "whole": lambda: best(lambda: handle(event, Context())),
            "botocore": lambda: best(botocore),
        },
        rounds=ROUNDS,
        say=say,
    )
    idempotency.TABLE = None
    peer, goal = times["botocore"], at_most(1.1, of="peer")
    yield row("parse, contract, record and outcome", times["parts"], unit="us", peer=peer, goal=goal)
    yield row("a message of ten with its record, whole", times["whole"], unit="us", peer=peer)


def _answered(request: Any, **_: Any) -> AWSResponse:
    """In place of the network."""
    return AWSResponse(request.url, 200, HTTPHeaders.from_dict({"content-type": "application/x-amz-json-1.0"}), _Raw())


class _Raw:
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield b"{}"
