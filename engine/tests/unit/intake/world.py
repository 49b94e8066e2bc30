"""An intake without AWS: its table with transactions, a sparse index and a stream, and a topic that may say no.

AWS is https://docs.aws.amazon.com/amazondynamodb/latest/ and https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.
"""

import copy
import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.unit.lambdas.dynamodb import Expressions, Item, Table, error


class TransactionCanceledException(ClientError):
    """AWS APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors: a reason for each action, in order."""


class Entries(Table):
    """The index lags behind by what `lagging` holds back: AWS developerguide/GSI.html#GSI.Writes"""

    def __init__(self) -> None:
        super().__init__(key="pk", index_keys=("unsent_group", "unsent_at"))
        self.exceptions.TransactionCanceledException = TransactionCanceledException
        self.lagging = False
        self.stream: list[Item] = []
        """New images of what was inserted, in order."""
        self._index: dict[str, Item] = {}
        self._tokens: set[str] = set()

    def transact_write_items(self, *, TransactItems: list[Item], ClientRequestToken: str) -> Item:
        how = self.next.pop(0) if self.next else ""
        if how == "away":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        with self.lock:
            if ClientRequestToken not in self._tokens:  # the same token again is the same answer, for ten minutes
                self._put([each["Put"] for each in TransactItems])
                self._tokens.add(ClientRequestToken)
        if how == "lost for good":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return {}

    def _put(self, puts: list[Item]) -> None:
        reasons = [self._reason(each) for each in puts]
        if any(each["Code"] != "None" for each in reasons):
            answer: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
                "CancellationReasons": reasons,
            }
            raise TransactionCanceledException(answer, "TransactWriteItems")
        for each in puts:
            self._check(each["Item"])
            self.items[each["Item"]["pk"]["S"]] = copy.deepcopy(each["Item"])
            self.stream.append(copy.deepcopy(each["Item"]))

    def _reason(self, put: Item) -> Item:
        before = self.items.get(put["Item"]["pk"]["S"], {})
        asked = {"UpdateExpression": "", "ConditionExpression": put["ConditionExpression"]}
        if "ExpressionAttributeValues" in put:
            asked["ExpressionAttributeValues"] = put["ExpressionAttributeValues"]
        if Expressions(asked).condition(before):
            return {"Code": "None"}
        told = put.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and before
        return {"Code": "ConditionalCheckFailed", **({"Item": copy.deepcopy(before)} if told else {})}

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> Item:
        found = self.items.get(Key["pk"]["S"])
        return {"Item": copy.deepcopy(found)} if found else {}

    def scan(self, **request: Any) -> Item:
        return self._page(request, lambda item: True)

    def query(self, **request: Any) -> Item:
        group = request["ExpressionAttributeValues"][":group"]
        return self._page(request, lambda item: item["unsent_group"] == group)

    def _page(self, request: Item, wanted: Any) -> Item:
        """Of the index: by group and time within a query, in any order in a scan."""
        with self.lock:
            if not self.lagging:
                self._index = {
                    key: copy.deepcopy(item)
                    for key, item in self.items.items()
                    if {"unsent_group", "unsent_at"} <= item.keys()
                }
            found = sorted(
                (each for each in self._index.values() if wanted(each)), key=lambda each: each["unsent_at"]["S"]
            )
        after = request.get("ExclusiveStartKey", {}).get("unsent_at", {}).get("S", "")
        rest = [each for each in found if each["unsent_at"]["S"] > after]
        page = rest[: request["Limit"]]
        more = {"LastEvaluatedKey": {"unsent_at": page[-1]["unsent_at"]}} if len(rest) > len(page) else {}
        return {"Items": page, **more}


class Topic:
    """`says` is what becomes of the next publishes: "", throttled, denied, gone, invalid, lost (taken, without an answer)."""

    def __init__(self) -> None:
        self.taken: list[Item] = []
        self.says: list[str] = []
        self.never: set[str] = set()
        """References that it will never take."""
        self.lock = threading.Lock()

    def publish(self, **message: Any) -> Item:
        with self.lock:
            how = self.says.pop(0) if self.says else ""
            if any(each in message["Message"] for each in self.never):
                raise error("InvalidParameter", "Invalid parameter: Message")
            codes = {
                "throttled": "Throttled",
                "denied": "KMSAccessDenied",
                "gone": "NotFound",
                "invalid": "InvalidParameter",
            }
            if how in codes:
                raise error(codes[how], "no")
            self.taken.append(message)
            if how == "lost":
                raise ReadTimeoutError(endpoint_url="https://sns")
            return {"MessageId": str(len(self.taken))}


class Time(SimpleNamespace):
    def get_remaining_time_in_millis(self) -> int:
        return int(self.ms)


def plenty() -> Time:
    return Time(ms=60_000)


def http(
    method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None, **query: str
) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html shows it."""
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": dict(headers or {}),
        "queryStringParameters": query,
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}},
        "body": body,
        "isBase64Encoded": False,
    }
