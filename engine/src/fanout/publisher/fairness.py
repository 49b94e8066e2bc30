"""Whose event it is, on a topic that keeps no order: SQS then lets the flood of one wait, and the others' events go first.

SNS hands the MessageGroupId of a standard topic on to standard queues, and to nothing else:
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_RequestParameters
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Final

from fanout.contracts.contract import Contract, Contracts, value_at
from fanout.publisher.errors import InvalidArgument
from fanout.publisher.event import Event

GROUP: Final = re.compile("[!-~]{1,128}")
"""A MessageGroupId."""


class Fairness:
    """The group of each event, by a property of its contract. Raises InvalidArgument when no contract can say it."""

    def __init__(self, fair_by: str, contracts: Contracts) -> None:
        self._of_type: dict[str, Callable[[Event], str]] = {}
        for each in contracts:
            if (path := each.path_of(fair_by)) is not None:
                self._of_type[each.type] = _reader(each, path)
        if not self._of_type:
            raise InvalidArgument(
                f"fair_by is {fair_by!r}: expected a property that every event has: the group, an attribute, or a required"
                f" string of data, of one of {', '.join(sorted(contracts.by_type))}"
            )

    def group(self, event: Event) -> str | None:
        """None for a type without the property: SQS counts each such event as a group of its own."""
        read = self._of_type.get(event.type)
        return None if read is None else read(event)


def _reader(contract: Contract, path: str) -> Callable[[Event], str]:
    """What tools show as it is may be a group as it is; of anything else a hash, as a group is seen in every console."""
    shown = path == contract.group or path in contract.attributes.values()
    return lambda event: _as_group(str(value_at(json.loads(event.body), path)), shown=shown)


def _as_group(value: str, *, shown: bool) -> str:
    return value if shown and GROUP.fullmatch(value) else hashlib.sha256(value.encode()).hexdigest()
