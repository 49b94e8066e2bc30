"""The table of entries and the topic, as AWS's guides say they behave; and what must hold at each of their calls.

    nothing is published that is not stored; an entry is marked as emitted only after the topic's yes

`hooks` are run before the call of that number, wherever the code is then: that is how another invocation, or the end of the
container, comes between any two steps. Docs: https://docs.aws.amazon.com/amazondynamodb/latest/.
"""

import copy
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.unit.lambdas.dynamodb import LARGEST_ITEM as LARGEST
from tests.unit.lambdas.dynamodb import Expressions, Item, Table, error, invalid, size

TOPIC = "arn:aws:sns:eu-west-1:123456789012:events"
DEDUPLICATED = 300
"""Seconds: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html"""


class Gone(BaseException):
    """The container ended. What it asked for last may have been carried out; nothing that it asks for now is."""


class Broken(BaseException):
    """What must hold does not; nothing that the code catches."""


def must(hold: bool, told: str) -> None:
    if not hold:
        raise Broken(told)


class TransactionCanceledException(ClientError):
    """APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors"""


@dataclass
class World:
    """One moment's truth, which both doubles share."""

    now: float = 1_800_000_000.0
    alive: bool = True
    calls: int = 0
    hooks: dict[int, Callable[[], object]] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    """In the topic's order; of a FIFO topic without what it dropped as a duplicate."""
    yes: set[str] = field(default_factory=set)
    """References that the topic has said yes to."""

    def __post_init__(self) -> None:
        self.table, self.topic = Entries(self), Topic(self)

    def client(self, service: str) -> Any:
        return {"dynamodb": self.table, "sns": self.topic}[service]

    def step(self) -> None:
        """Before and after each call."""
        number, self.calls = self.calls, self.calls + 1
        if hook := self.hooks.pop(number, None):
            hook()
        if not self.alive:
            raise Gone

    def end(self) -> None:
        self.alive = False

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(each["Message"]) for each in self.published]


class Entries(Table):
    """`hidden` references are not in the index yet; `new` holds the stream's records, the oldest first."""

    def __init__(self, world: World) -> None:
        super().__init__("pk", ("unsent_group", "unsent_at"))
        self.world = world
        self.tokens: dict[str, Any] = {}
        self.new: list[dict[str, Any]] = []
        self.hidden: set[str] = set()
        self.exceptions.TransactionCanceledException = TransactionCanceledException

    def update_item(self, **request: Any) -> Item:
        self.world.step()
        if "emitted_at" in request["UpdateExpression"]:
            must(request["Key"]["pk"]["S"].removeprefix("entry#") in self.world.yes, "marked before SNS's yes")
        try:
            return super().update_item(**request)
        finally:
            self.world.step()

    def get_item(self, **request: Any) -> Item:
        self.world.step()
        must(request["ConsistentRead"] is True, "an eventually consistent read")
        self._weather()
        found = self.items.get(request["Key"]["pk"]["S"])
        return {"Item": copy.deepcopy(found)} if found else {}

    def batch_get_item(self, RequestItems: Item) -> Item:
        self.world.step()
        self._weather()
        ((table, asked),) = RequestItems.items()
        keys = [next(iter(each.values()))["S"] for each in asked["Keys"]]
        return {"Responses": {table: [copy.deepcopy(self.items[key]) for key in keys if key in self.items]}}

    def transact_write_items(self, TransactItems: list[Item], ClientRequestToken: str) -> None:
        self.world.step()
        how = self._weather()
        with self.lock:
            self._transact([each["Put"] for each in TransactItems], ClientRequestToken)
            if how == "lost":  # the SDK asks again, and the token says that it is done
                self._transact([each["Put"] for each in TransactItems], ClientRequestToken)
        if how == "lost for good":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        self.world.step()

    def _weather(self) -> str:
        how = self.next.pop(0) if self.next else ""
        if how == "away":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        if how == "throttled":
            raise error("ThrottlingException", "The rate of requests exceeds the allowed throughput.")
        if how == "conflict":
            raise self._cancelled([{"Code": "None"}, {"Code": "TransactionConflict"}])
        return how

    def _transact(self, puts: list[Item], token: str) -> None:
        must(1 <= len(token) <= 36, "a token of another length")
        if token in self.tokens:
            if self.tokens[token] != puts:
                raise error("IdempotentParameterMismatchException", "other parameters, the same token")
            return
        keys = [each["Item"]["pk"]["S"] for each in puts]
        if len(set(keys)) != len(keys):
            raise invalid("Transaction request cannot include multiple operations on one item")
        reasons = [self._reason(each) for each in puts]
        if any(each["Code"] != "None" for each in reasons):
            raise self._cancelled(reasons)
        self.tokens[token] = copy.deepcopy(puts)
        for key, put in zip(keys, puts, strict=True):
            if "unsent_at" in put["Item"]:
                record = {"eventName": "INSERT", "dynamodb": {"NewImage": copy.deepcopy(put["Item"])}}
                self.new.append(record)
            self.items[key] = copy.deepcopy(put["Item"])

    def _reason(self, put: Item) -> Item:
        if size(put["Item"]) > LARGEST:
            raise invalid("Item size has exceeded the maximum allowed size")
        self._check(put["Item"])
        before = self.items.get(put["Item"]["pk"]["S"], {})
        if Expressions(put).condition(before):
            return {"Code": "None"}
        shown = put.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return {"Code": "ConditionalCheckFailed", **({"Item": copy.deepcopy(before)} if shown and before else {})}

    def _cancelled(self, reasons: list[Item]) -> TransactionCanceledException:
        told: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        return TransactionCanceledException(told, "TransactWriteItems")

    def scan(self, **request: Any) -> Item:
        """Of the index: an item with both its keys, unless the index lags behind. By key within a group."""
        self.world.step()
        self._weather()
        groups: defaultdict[str, list[Item]] = defaultdict(list)
        for item in copy.deepcopy(list(self.items.values())):
            if "unsent_at" in item and "unsent_group" in item and item["pk"]["S"] not in self.hidden:
                groups[item["unsent_group"]["S"]].append(item)
        mine = [
            item
            for group, items in sorted(groups.items())
            if sum(group.encode()) % request.get("TotalSegments", 1) == request.get("Segment", 0)
            for item in sorted(items, key=lambda each: str(each["unsent_at"]["S"]))
        ]
        start = request.get("ExclusiveStartKey")
        after = [(each["unsent_group"]["S"], each["unsent_at"]["S"]) for each in mine]
        if start:
            after = [each for each in after if each > (start["unsent_group"]["S"], start["unsent_at"]["S"])]
            mine = mine[len(mine) - len(after) :]
        most = request.get("Limit", 100)
        page, rest = mine[:most], mine[most:]
        if "ProjectionExpression" in request:
            shown = {request["ExpressionAttributeNames"][each] for each in request["ProjectionExpression"].split(",")}
            page = [{name: each for name, each in item.items() if name in shown} for item in page]
        return {"Items": page, **({"LastEvaluatedKey": page[-1]} if rest else {})}

    def delete_expired(self) -> None:
        """Whenever DynamoDB comes to it: developerguide/TTL.html says within days."""
        ended = [
            key for key, each in self.items.items() if float(each.get("expires_at", {"N": "inf"})["N"]) < self.world.now
        ]
        for key in ended:
            del self.items[key]

    def entries(self) -> dict[str, Item]:
        return {key.removeprefix("entry#"): each for key, each in self.items.items() if key.startswith("entry#")}


REFUSALS = {
    "throttled": ("Throttled", "Rate exceeded"),
    "denied": ("KMSAccessDenied", "User is not authorized to perform: kms:GenerateDataKey"),
    "gone": ("NotFound", "Topic does not exist"),
    "wrong topic": ("InvalidParameter", "Invalid parameter: TopicArn"),
    "invalid": ("InvalidParameter", "Invalid parameter: Message"),
}
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors"""


class Topic:
    """`next`: what becomes of the next publishes; `always`: of each. `poison`: words that no message may hold."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.next: list[str] = []
        self.always = ""
        self.poison: set[str] = set()
        self.seen: dict[str, float] = {}
        self.lock = threading.Lock()

    def publish(self, **message: Any) -> Item:
        self.world.step()
        reference = json.loads(message["Message"])["id"].partition(":")[2]
        stored = self.world.table.entries().get(reference)
        must(stored is not None and stored["body"]["S"] == message["Message"], "published, but not stored")
        must(all(each["StringValue"] for each in message["MessageAttributes"].values()), "an empty attribute")
        how = self.next.pop(0) if self.next else self.always
        if any(each in message["Message"] for each in self.poison):
            how = "invalid"
        if how == "away":
            raise ReadTimeoutError(endpoint_url="https://sns")
        if how in REFUSALS:
            code, told = REFUSALS[how]
            raise ClientError({"Error": {"Code": code, "Message": told}}, "Publish")
        self._take(message)
        self.world.step()
        if how == "lost":
            raise ReadTimeoutError(endpoint_url="https://sns")
        self.world.yes.add(reference)
        return {"MessageId": "m"}

    def _take(self, message: dict[str, Any]) -> None:
        with self.lock:
            if message["TopicArn"].endswith(".fifo"):
                before = self.seen.get(message["MessageDeduplicationId"], float("-inf"))
                if self.world.now - before < DEDUPLICATED:
                    return
                self.seen[message["MessageDeduplicationId"]] = self.world.now
            self.world.published.append(message)
