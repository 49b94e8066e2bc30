"""Once a minute for each subscriber with a circuit breaker: switches its mapping on again when it has cooled down.

Not a task of the topic: a rule calls it with `{"mapping": <uuid>, "cool_down_seconds": <n>}`. A mapping that is off
without our tag was paused by an operator and is left alone.
"""

import time
from typing import Any

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.log import own as logger

_lambda = client("lambda")


def handle(event: dict[str, Any], context: object) -> None:
    """Raises what Lambda raises: the rule calls again in a minute."""
    mapping = _lambda.get_event_source_mapping(UUID=event["mapping"])
    arn = mapping["EventSourceMappingArn"]
    opened_at = _lambda.list_tags(Resource=arn)["Tags"].get(names.CIRCUIT_TAG)
    if opened_at is None or time.time() - int(opened_at) < event["cool_down_seconds"]:
        return
    if mapping["State"] in ("Disabled", "Disabling"):
        _lambda.update_event_source_mapping(UUID=event["mapping"], Enabled=True)
        logger.warning("circuit closed on trial", extra={"circuit": "half-open", "mapping": event["mapping"]})
    _lambda.untag_resource(Resource=arn, TagKeys=[names.CIRCUIT_TAG])
