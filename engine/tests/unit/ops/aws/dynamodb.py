"""Reads of DynamoDB as its guide says they behave, over items that a test or the runtime's own double has.

AWS is https://docs.aws.amazon.com/amazondynamodb/latest/.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

from fanout import names

Item = dict[str, Any]
MOST_KEYS = 100
LARGEST_KEY = 2_048


def typed(value: Any) -> dict[str, Any]:
    """As DynamoDB has it: text, a number, or a map of both."""
    if isinstance(value, dict):
        return {"M": {name: typed(each) for name, each in value.items()}}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


class Reads:
    """`unprocessed`: how many keys of each of the next requests are not got to; `around` may raise. `clock`: AWS's."""

    def __init__(self, items: Mapping[str, Item], clock: Callable[[], float]) -> None:
        self.items, self.clock = items, clock
        self.calls: Counter[str] = Counter()
        self.unprocessed: list[int] = []
        self.around: Callable[[str], None] = lambda operation: None

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        """AWS APIReference/API_BatchGetItem.html: at most 100 keys, none twice; what is not got to comes back as unprocessed,
        and an item that is not there is no error. A read that is not consistent may not see what was just written: here, never."""
        self.calls["BatchGetItem"] += 1
        self.around("BatchGetItem")
        ((table, asked),) = RequestItems.items()
        keys = [each[names.RECORD_KEY]["S"] for each in asked["Keys"]]
        if not 0 < len(keys) <= MOST_KEYS or len(set(keys)) < len(keys):
            raise refused("BatchGetItem")
        if any(not 0 < len(each.encode()) <= LARGEST_KEY for each in keys):
            raise refused("BatchGetItem")
        left = self.unprocessed.pop(0) if self.unprocessed else 0
        done, rest = keys[: len(keys) - left], keys[len(keys) - left :]
        seen = self.items if asked.get("ConsistentRead") else {}
        answer = {
            "Responses": {table: [dict(seen[each]) for each in done if each in seen]},
            "UnprocessedKeys": {},
            "ResponseMetadata": self._metadata(),
        }
        if rest:
            answer["UnprocessedKeys"] = {table: {"Keys": [{names.RECORD_KEY: {"S": each}} for each in rest]}}
        return answer

    def query(
        self, *, IndexName: str, ExpressionAttributeValues: dict[str, Any], Limit: int, **_: Any
    ) -> dict[str, Any]:
        """AWS APIReference/API_Query.html, of an index that has keys only."""
        self.calls["Query"] += 1
        self.around("Query")
        assert IndexName == names.REFERENCE_INDEX
        wanted = ExpressionAttributeValues[":reference"]
        found = [each for each in self.items.values() if each.get(names.RECORD_REFERENCE) == wanted]
        only = [{name: each[name] for name in (names.RECORD_KEY, names.RECORD_REFERENCE)} for each in found]
        more = {"LastEvaluatedKey": only[Limit - 1]} if len(only) > Limit else {}
        return {"Items": only[:Limit], **more, "ResponseMetadata": self._metadata()}

    def _metadata(self) -> dict[str, Any]:
        return {"HTTPHeaders": {"date": format_datetime(datetime.fromtimestamp(self.clock(), UTC), usegmt=True)}}


def refused(operation: str, code: str = "ValidationException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
