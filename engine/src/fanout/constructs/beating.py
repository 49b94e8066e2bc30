"""Refuses a topic whose subscribers have alarms on heartbeats that nothing publishes: those could never ring."""

from weakref import WeakSet

from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout.constructs.registry import validate_late
from fanout.constructs.settings import Settings

_awaited: WeakSet[sns.ITopic] = WeakSet()
_beating: WeakSet[sns.ITopic] = WeakSet()


def await_heartbeats(topic: sns.ITopic) -> None:
    """Called by a subscriber with such an alarm."""
    _awaited.add(topic)


def beat(topic: sns.ITopic) -> None:
    """Called by a Heartbeat with a schedule."""
    _beating.add(topic)


def check_beating(scope: Construct, topic: sns.ITopic, settings: Settings) -> None:
    """At synth, when every line is there."""
    if settings.heartbeat is None:
        return
    name = scope.node.id
    line = (
        f"topic {name}: its settings have a heartbeat, and nothing publishes one to it: add"
        f' Heartbeat(self, "{name}Heartbeat", topic=...), or say heartbeat=None in its settings'
    )
    validate_late(scope, lambda: [line] if topic in _awaited and topic not in _beating else [])
