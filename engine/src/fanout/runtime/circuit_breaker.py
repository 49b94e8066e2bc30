"""While a dependency is down, no message is taken, instead of one attempt after the other being burnt on it.

This is the half that opens the circuit: after so many failures in a row it switches its own mapping off. The other
half, the task `close_circuits`, switches it on again after a while; if the dependency is still down, it opens again.
There is no state to lose: whether the circuit is open is whether the mapping is off, and since when is its tag.
A count that is lost with its container only means that the circuit opens later.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.idempotency import InProgress
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotTried, Outcome

LIMIT = int(os.environ.get(names.CIRCUIT_FAILURES, "0"))
"""Failures in a row that open the circuit; 0: there is none."""

_in_a_row = 0


def watch(outcomes: Sequence[Outcome]) -> None:
    """Counts the failures since the last success of this container, and opens the circuit when they are too many."""
    global _in_a_row
    if not LIMIT:
        return
    for outcome in outcomes:
        if outcome.of_engine:
            continue
        if not outcome.failed:
            _in_a_row = 0
        elif not isinstance(outcome.error, NotTried | InProgress):
            _in_a_row += 1
    if _in_a_row >= LIMIT:
        failures, _in_a_row = _in_a_row, 0
        _open(outcomes[-1].record["eventSourceARN"], failures)


def _open(queue_arn: str, failures: int) -> None:
    """Tag first: a mapping that is off without the tag would look like an operator's pause, and stay off.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
    """
    lambda_ = client("lambda")
    try:
        name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        for mapping in lambda_.list_event_source_mappings(FunctionName=name, EventSourceArn=queue_arn)[
            "EventSourceMappings"
        ]:
            if _is_on(mapping):
                lambda_.tag_resource(
                    Resource=mapping["EventSourceMappingArn"], Tags={names.CIRCUIT_TAG: str(int(time.time()))}
                )
                lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
                logger.error("circuit opened", extra={"circuit": "open", "failures": failures})
    except Exception as error:
        logger.warning("circuit not opened: the retry schedule holds", extra=describe(error))


def _is_on(mapping: dict[str, Any]) -> bool:
    return mapping["State"] in ("Enabled", "Enabling", "Creating", "Updating")
