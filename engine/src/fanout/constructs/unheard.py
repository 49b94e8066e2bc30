"""Refuses an app in which an event is published that nobody takes, unless its schema says why: SNS keeps no such event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from aws_cdk import aws_sns as sns
from constructs import Construct, IConstruct

from fanout.constructs.cdk_cache import of_stack
from fanout.constructs.event_types import has_several, schemas_of
from fanout.constructs.registry import validate_late
from fanout.project import find_root

UNHEARD: Final = "x-fanout-unheard"
"""As contracts.roles has it, which only an app of several types loads."""
_taken: WeakKeyDictionary[IConstruct, list[tuple[sns.ITopic, set[str]]]] = WeakKeyDictionary()
"""By app: what each subscriber takes of which topic."""


@dataclass(frozen=True)
class _Carrier:
    scope: Construct
    topic: sns.ITopic
    types: Sequence[str] | None


def hear(scope: Construct, topic: sns.ITopic, types: set[str]) -> None:
    """Called by a subscriber with what it takes."""
    _taken.setdefault(scope.node.root, []).append((topic, types))


def check_heard(scope: Construct, topic: sns.ITopic, types: Sequence[str] | None) -> None:
    """At synth, when every subscriber of the app is there. An app with one type is not asked: who subscribes takes it."""
    if has_several(find_root()):
        carriers: list[_Carrier] = of_stack(scope, "its topics of several types", lambda stack: [])
        carriers.append(carrier := _Carrier(scope, topic, types))
        validate_late(scope, lambda: _lines(carrier, carriers))


def _lines(carrier: _Carrier, carriers: Sequence[_Carrier]) -> list[str]:
    """None where no subscriber of the app is at the topic: others' are, in apps of their own."""
    known = _taken.get(carrier.scope.node.root, [])
    taken = [types for where, types in known if where is carrier.topic or _is_unknown(where)]
    if not taken:
        return []
    schemas = schemas_of(find_root())
    unexplained = {type_ for type_, schema in schemas.items() if UNHEARD not in schema}
    if left := (_carried(carrier, schemas) & unexplained).difference(*taken):
        return [
            f"topic {carrier.scope.node.id} carries {', '.join(sorted(left))}, and nobody takes it: let a subscriber handle"
            f' it, leave it out of the types of the topic, or say in its schema "{UNHEARD}": "why"'
        ]
    nowhere = unexplained.difference(*(_carried(each, schemas) for each in carriers))
    if nowhere and carrier is carriers[0]:
        return [
            f"no topic carries {', '.join(sorted(nowhere))}: add it to the types of one, or say in its schema"
            f' "{UNHEARD}": "why"'
        ]
    return []


def _carried(carrier: _Carrier, all_types: Iterable[str]) -> set[str]:
    return {*(all_types if carrier.types is None else carrier.types)}


def _is_unknown(topic: sns.ITopic) -> bool:
    """Known by its ARN alone: it may be any."""
    return not isinstance(topic, sns.Topic)
