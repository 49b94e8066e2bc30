"""The event that tells receivers of an erasure, where the app's contracts have a type for it.

It is the same event whenever it is published: its id, time and group are those of the tombstone.
"""

from typing import Any

from fanout.contracts.contract import Contract, Contracts
from fanout.errors import Unusable
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.tombstones import Tombstone, digest
from fanout.publisher import Event, EventPublisher, InvalidEvent, PublishError, new_event

SOURCE = "/fanout/erase"


def erasure_types(contracts: Contracts) -> list[Contract]:
    """Those whose schema says `"x-fanout-erased": true`."""
    return [each for each in contracts if each.erases]


def event_of(contract: Contract, contracts: Contracts, reference: str, tombstone: Tombstone) -> Event:
    """With the reference, and the group where the contract has one. Raises Unusable where that is not all it asks for."""
    data: dict[str, Any] = {}
    _put(data, contract.reference, reference)
    _put(data, contract.group, tombstone.group)
    try:
        return new_event(
            contract.type,
            data,
            source=SOURCE,
            event_id=f"erased-{digest(reference)[:32]}",
            time=tombstone.at,
            contracts=contracts,
        )
    except InvalidEvent as error:
        raise Unusable(
            f"{contract.type} cannot be published with the reference and the group alone"
            f" ({str(error).removesuffix('; nothing was published')}): ask for no more in its schema"
        ) from None


def publish(stack: Stack, events: list[Event]) -> str | None:
    """Why it was not published; None: it was."""
    publisher = EventPublisher(stack.topic_arn, client=stack.aws.sns)
    try:
        for each in events:
            publisher.publish(each)
    except PublishError as error:
        return str(error)
    return None


def _put(data: dict[str, Any], path: str | None, value: str | None) -> None:
    """Properties of the engine's roles are below `data`, or they are the envelope's, which the publisher writes."""
    if path is None or value is None or not path.startswith("data."):
        return
    *above, name = path.split(".")[1:]
    for each in above:
        data = data.setdefault(each, {})
    data[name] = value
