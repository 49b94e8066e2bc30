"""While a dependency is down, no message is taken, instead of one attempt after the other being burnt on it.

This is the half that opens the circuit: after so many failures in a row it switches its own mapping off. The other
half, the task `close_circuits`, switches it on again after a while; if the dependency is still down, it opens again.
There is no state to lose: whether the circuit is open is whether the mapping is off, and since when is its tag.
A count that is lost with its container only means that the circuit opens later.
"""

import os
import time
from collections.abc import Sequence

from fanout import names
from fanout.runtime.attempt import NotDeadLettered
from fanout.runtime.aws import client
from fanout.runtime.errors import PermanentError
from fanout.runtime.idempotency import InProgress
from fanout.runtime.log import describe
from fanout.runtime.log import own as logger
from fanout.runtime.outcome import NotBegun, NotTried, Outcome

LIMIT = int(os.environ.get(names.CIRCUIT_FAILURES, "0"))
"""Failures in a row that open the circuit; 0: there is none."""
if LIMIT:
    client("lambda")  # made in the init phase: when it is needed, the function's time may nearly be over

SAYS_NOTHING = (NotBegun, NotTried, InProgress, NotDeadLettered, PermanentError)
"""Errors of a message that was not tried, or that no dependency, up or down, could have been done with."""

_in_a_row = 0


def watch(outcomes: Sequence[Outcome]) -> None:
    """Counts the failures since the last success of this container, and opens the circuit when they are too many.

    A success is `done`, a failure is `failed` by an error of the task. Nothing else says whether what the task depends
    on is up: not a duplicate, an event of the engine, a dead letter, or what was not tried. Raises nothing. Called once for a
    batch, after its log lines; it may be given up between any two of its requests.
    """
    global _in_a_row
    if not LIMIT:
        return
    for outcome in (each for each in outcomes if not each.of_engine):
        if outcome.kind == "done":
            _in_a_row = 0
        elif outcome.failed and not isinstance(outcome.error, SAYS_NOTHING):
            _in_a_row += 1
    if _in_a_row < LIMIT:
        return
    try:
        _open(outcomes[-1].record["eventSourceARN"], _in_a_row)
    except Exception as error:  # counted on: the next failure tries again
        logger.warning("circuit not opened: the retry schedule holds", extra=describe(error))
    else:
        _in_a_row = 0


def _open(queue_arn: str, failures: int) -> None:
    """A mapping that is off already, or that an operator paused, is left alone.

    The tag comes first, as a mapping that is off without one stays off; and once more after the switch: a `resume` that
    took it away in between would not have seen the switch. Both tags together mean paused, to everyone.
    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
    """
    lambda_ = client("lambda")
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    found = lambda_.list_event_source_mappings(FunctionName=name, EventSourceArn=queue_arn)["EventSourceMappings"]
    tags = {names.CIRCUIT_TAG: str(int(time.time()))}
    for mapping in found:
        arn = mapping["EventSourceMappingArn"]
        if mapping["State"] in ("Disabled", "Disabling") or names.PAUSED_TAG in lambda_.list_tags(Resource=arn)["Tags"]:
            continue
        lambda_.tag_resource(Resource=arn, Tags=tags)
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        logger.error("circuit opened", extra={"circuit": "open", "failures": failures})
        lambda_.tag_resource(Resource=arn, Tags=tags)
