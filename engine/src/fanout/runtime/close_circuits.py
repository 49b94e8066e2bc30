"""Once a minute for each subscriber with a circuit breaker: switches its mapping on again when it has cooled down.

Not a task of the topic: a rule calls it with `{"mapping": <uuid>, "cool_down_seconds": <n>}`. A mapping that is off
without the circuit's tag was switched off by somebody else and is left alone, and so is one that an operator paused: if
this has switched it on at the very moment of the pause, it is off again a minute later.
"""

import time
from typing import Any

from fanout import names
from fanout.runtime.aws import client
from fanout.runtime.log import own as logger

_lambda = client("lambda")


def handle(event: dict[str, Any], context: object) -> None:
    """One switch or one tag at a time: what is switched is looked at again by the next call, a minute later, when its
    tags are sure to be seen. Raises what Lambda raises: the rule calls again in a minute.
    """
    id_ = event["mapping"]
    mapping = _lambda.get_event_source_mapping(UUID=id_)
    arn, state = mapping["EventSourceMappingArn"], mapping["State"]
    tags = _lambda.list_tags(Resource=arn)["Tags"]
    opened_at = tags.get(names.CIRCUIT_TAG)
    if opened_at is None or state not in ("Enabled", "Disabled"):  # in between, Lambda refuses another change
        return
    paused, told = names.PAUSED_TAG in tags, {"mapping": id_}
    if paused and state == "Enabled":
        _lambda.update_event_source_mapping(UUID=id_, Enabled=False)
        # Again, as for the breaker: a `resume` that took it away in between would not have seen the switch.
        _lambda.tag_resource(Resource=arn, Tags={names.CIRCUIT_TAG: opened_at})
        logger.warning("circuit left to the pause", extra={"circuit": "paused", **told})
    elif paused:
        _lambda.untag_resource(Resource=arn, TagKeys=[names.CIRCUIT_TAG])
    elif time.time() - _seconds(opened_at) < event["cool_down_seconds"]:
        return
    elif state == "Disabled":
        _lambda.update_event_source_mapping(UUID=id_, Enabled=True)
        logger.warning("circuit closed on trial", extra={"circuit": "half-open", **told})
    else:
        _lambda.untag_resource(Resource=arn, TagKeys=[names.CIRCUIT_TAG])
        if _lambda.get_event_source_mapping(UUID=id_)["State"] in ("Disabled", "Disabling"):  # opened meanwhile
            _lambda.tag_resource(Resource=arn, Tags={names.CIRCUIT_TAG: opened_at})


def _seconds(opened_at: str) -> int:
    """What is no number was not written by us, and has cooled down."""
    return int(opened_at) if opened_at.isdecimal() else 0
