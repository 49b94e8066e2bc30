"""Pause and resume: the mapping off and on."""

import time

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.pause import reason as pauses
from fanout.ops.pause.reason import Pause
from fanout.words import counted

CIRCUIT_TAG = names.CIRCUIT_TAG
"""On a mapping that the task itself switched off, because its dependency is down; a rule switches it on again."""
PATIENCE = 180.0
"""Lambda takes some seconds to stop or start polling."""


def pause(subscriber: DeployedSubscriber, reason: str, by: str, journal: Journal, stop: Stop) -> Pause:
    """The reason first: a mapping that is off without one would be a riddle. Messages wait, up to the retention."""
    mapping = subscriber.mapping()
    journal.write("pausing", task=subscriber.task, reason=reason, mapping=mapping["UUID"])
    noted = pauses.write(subscriber, by, reason)
    if circuit_since(subscriber):  # or the rule that closes circuits would end the pause
        subscriber.aws.functions.untag_resource(Resource=mapping["EventSourceMappingArn"], TagKeys=[CIRCUIT_TAG])
    _switch(subscriber, on=False, stop=stop)
    journal.write("paused", task=subscriber.task)
    return noted


def resume(subscriber: DeployedSubscriber, journal: Journal, stop: Stop) -> None:
    """The mapping first: if it cannot be switched on, the reason stays."""
    journal.write("resuming", task=subscriber.task)
    _switch(subscriber, on=True, stop=stop)
    pauses.erase(subscriber)
    journal.write("resumed", task=subscriber.task)


def why_not_draining(subscriber: DeployedSubscriber) -> str | None:
    """In one line, when events wait and nothing takes them from the queue; None when they are worked on, or none waits."""
    depth = browse.read_depth(subscriber.aws, subscriber.queue_url)
    if not depth.all or subscriber.mapping().get("State") != "Disabled":
        return None
    paused = pauses.read(subscriber)
    why = f"is paused ({paused.reason})" if paused else "has its mapping switched off"
    waits = counted(depth.all, "event waits", "events wait")
    return f"{subscriber.task} {why}: {waits} and none is worked on; fanout resume {subscriber.task} first"


def circuit_since(subscriber: DeployedSubscriber) -> int | None:
    """Since when (seconds since 1970) the task's circuit breaker keeps its mapping off; None when it does not."""
    arn = subscriber.mapping().get("EventSourceMappingArn")
    tags = subscriber.aws.functions.list_tags(Resource=arn).get("Tags", {}) if arn else {}
    value = tags.get(CIRCUIT_TAG, "")
    return int(value) if value.isdecimal() else None


def _switch(subscriber: DeployedSubscriber, *, on: bool, stop: Stop) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    wanted = "Enabled" if on else "Disabled"
    end = time.monotonic() + PATIENCE
    while (mapping := subscriber.mapping()).get("State") != wanted:
        if mapping.get("State") in ("Enabled", "Disabled"):  # in between, Lambda refuses another change
            subscriber.aws.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        if time.monotonic() > end or stop:
            raise OpsError(f"{subscriber.task}: its mapping is {mapping.get('State')}, not yet {wanted}: fanout status")
        stop.sleep(0.5)
