"""DynamoDB as its guide says it behaves, as far as UpdateItem of one item goes; anything else is refused.

Each rule names where it is written; AWS is https://docs.aws.amazon.com/amazondynamodb/latest/. What the SDK does is here
too: a request without an answer is sent once more (`fanout.runtime.aws.client`: two tries).
"""

import copy
import re
import threading
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.session import get_session
from botocore.validate import ParamValidator

Item = dict[str, Any]

LARGEST_ITEM = 409_600
"""Bytes, names of attributes included. AWS developerguide/Constraints.html#limits-items"""
LARGEST_KEY = 2_048
"""Bytes of a partition key, of a table and of an index. AWS developerguide/Constraints.html#limits-partition-sort-keys"""
RESERVED = frozenset(
    "at begin by comment count data date end error exists group hash index is key last name order owner references "
    "second session source state status time timestamp token type uuid value values view when where work write zone".split()
)
"""Words of AWS developerguide/ReservedWords.html that a record could be tempted to use."""


class ConditionalCheckFailedException(ClientError):
    """Its response has the item as it is, where ReturnValuesOnConditionCheckFailure asks for it, and it is there.

    AWS APIReference/API_UpdateItem.html#DDB-UpdateItem-request-ReturnValuesOnConditionCheckFailure
    """


@cache
def _shape() -> Any:
    """Of the request: the runtime's client sends it unchecked (`fanout.runtime.aws.unchecked`)."""
    return get_session().get_service_model("dynamodb").operation_model("UpdateItem").input_shape


class Table:
    """Items by key; `next` says what becomes of the next requests, first come first: see `update_item`."""

    def __init__(self, key: str = "task_event", index_keys: tuple[str, ...] = ("reference",)) -> None:
        self.key, self.index_keys = key, index_keys
        self.items: dict[str, Item] = {}
        self.next: list[str] = []
        self.requests: list[Item] = []
        self.lock = threading.Lock()
        self.exceptions = SimpleNamespace(
            ConditionalCheckFailedException=ConditionalCheckFailedException, ClientError=ClientError
        )

    def update_item(self, **request: Any) -> Item:
        """`next`: away, nothing was carried out; throttled; lost: carried out, and the SDK, without an answer, asks again;
        lost for good: carried out, and the second try has no answer either; "": all is well."""
        how = self.next.pop(0) if self.next else ""
        if how == "away":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        if how == "throttled":  # AWS developerguide/Programming.Errors.html: nothing was carried out
            raise error("ThrottlingException", "The rate of requests exceeds the allowed throughput.")
        if how.startswith("lost"):
            self._carry_out(copy.deepcopy(request))
        if how == "lost for good":
            raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return self._carry_out(copy.deepcopy(request))

    def _carry_out(self, request: Item) -> Item:
        """One after the other: AWS developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate"""
        self.requests.append(request)
        wrong = ParamValidator().validate(request, _shape())
        assert not wrong.has_errors(), wrong.generate_report()
        expressions = Expressions(request)
        with self.lock:
            key = request["Key"][self.key]["S"]
            if not 0 < len(key.encode()) <= LARGEST_KEY:
                raise invalid("One or more parameter values were invalid: Size of hashkey has exceeded 2048 bytes")
            before = self.items.get(key, {})
            if not expressions.condition(before):
                raise self._refused(request, before)
            after = expressions.updated(before or dict(request["Key"]))
            self._check(after)
            self.items[key] = after
        if request.get("ReturnValues") == "UPDATED_NEW":
            return {"Attributes": {name: each for name, each in after.items() if before.get(name) != each}}
        return {"Attributes": copy.deepcopy(before)} if before and request.get("ReturnValues") == "ALL_OLD" else {}

    def _refused(self, request: Item, before: Item) -> ConditionalCheckFailedException:
        answer: Any = {
            "Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}
        }
        if before and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            answer["Item"] = copy.deepcopy(before)
        return ConditionalCheckFailedException(answer, "UpdateItem")

    def _check(self, item: Item) -> None:
        if size(item) > LARGEST_ITEM:
            raise invalid("Item size to update has exceeded the maximum allowed size")
        for name in self.index_keys:  # AWS developerguide/GSI.html#GSI.DataTypes
            if name in item and not (set(item[name]) == {"S"} and 0 < len(item[name]["S"].encode()) <= LARGEST_KEY):
                raise invalid(f"One or more parameter values are not valid. IndexKey: {name}")


class Expressions:
    """Of one request. AWS developerguide/Expressions.OperatorsAndFunctions.html, Expressions.UpdateExpressions.html"""

    def __init__(self, request: Item) -> None:
        self.names: dict[str, str] = request.get("ExpressionAttributeNames", {})
        self.values: dict[str, Item] = request.get("ExpressionAttributeValues", {})
        self.update, self.when = request.get("UpdateExpression", ""), request.get("ConditionExpression", "")
        text = f"{self.update} {self.when}"
        for given in (self.names, self.values):  # AWS developerguide/Expressions.ExpressionAttributeNames.html
            if unused := set(given) - set(re.findall(r"[#:]\w+", text)):
                raise invalid(f"Value provided in ExpressionAttributeNames or Values unused in expressions: {unused}")
        if "ConditionExpression" in request and not self.when:
            raise invalid("Invalid ConditionExpression: The expression can not be empty;")

    def condition(self, item: Item) -> bool:
        if not self.when:
            return True
        tokens = re.findall(r"<>|<=|>=|[=<>(),]|[#:.\w]+", self.when)
        answer = self._either(tokens, item)
        if tokens:
            raise invalid(f"Invalid ConditionExpression: Syntax error; near {tokens[:3]}")
        return answer

    def updated(self, before: Item) -> Item:
        """SET, REMOVE, and ADD of numbers, each from the item as it was; paths may not overlap."""
        item = copy.deepcopy(before)
        paths = []
        for clause, text in re.findall(r"(SET|REMOVE|ADD) (.+?)(?= SET | REMOVE | ADD |$)", self.update):
            for part in text.split(","):
                written, _, value = (each.strip() for each in part.strip().partition(" " if clause == "ADD" else "="))
                path = self.path(written)
                paths.append(path)
                holder = item
                for step in path[:-1]:
                    if step not in holder or "M" not in holder[step]:
                        raise invalid("The document path provided in the update expression is invalid for update")
                    holder = holder[step]["M"]
                self._change(clause, holder, path[-1], value)
        for number, one in enumerate(paths):
            if any(one == other[: len(one)] or other == one[: len(other)] for other in paths[:number]):
                raise invalid("Invalid UpdateExpression: Two document paths overlap with each other")
        return item

    def _change(self, clause: str, holder: Item, name: str, value: str) -> None:
        if clause == "ADD":
            number = float(holder.get(name, {"N": "0"})["N"]) + float(self.values[value]["N"])
            holder[name] = {"N": f"{number:g}"}
        elif clause == "SET":
            holder[name] = copy.deepcopy(self.values[value])
        else:
            holder.pop(name, None)

    def path(self, written: str) -> list[str]:
        for word in written.split("."):
            if word.lower() in RESERVED:
                raise invalid(f"Attribute name is a reserved keyword; reserved keyword: {word}")
        return [self.names[word] if word.startswith("#") else word for word in written.split(".")]

    def _either(self, tokens: list[str], item: Item) -> bool:
        """AND binds before OR."""
        answer = self._all(tokens, item)
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            answer = self._all(tokens, item) or answer
        return answer

    def _all(self, tokens: list[str], item: Item) -> bool:
        answer = self._one(tokens, item)
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            answer = self._one(tokens, item) and answer
        return answer

    def _one(self, tokens: list[str], item: Item) -> bool:
        word = tokens.pop(0)
        if word == "(":
            answer = self._either(tokens, item)
            assert tokens.pop(0) == ")"
            return answer
        if word in ("attribute_exists", "attribute_not_exists"):
            (written,) = _arguments(tokens)
            return (self._found(written, item) is not None) == (word == "attribute_exists")
        left, operator = self._found(word, item), tokens.pop(0)
        if operator == "IN":
            return any(left == self._found(each, item) for each in _arguments(tokens))
        return _compare(left, operator, self._found(tokens.pop(0), item))

    def _found(self, written: str, item: Item) -> Item | None:
        if written.startswith(":"):
            return self.values[written]
        found: Any = {"M": item}
        for step in self.path(written):
            found = found.get("M", {}).get(step)
            if found is None:
                return None
        return dict(found)


def _arguments(tokens: list[str]) -> list[str]:
    assert tokens.pop(0) == "("
    inside = list(iter(lambda: tokens.pop(0), ")"))
    return [each for each in inside if each != ","]


def _compare(left: Item | None, operator: str, right: Item | None) -> bool:
    """An attribute that is not there, or is of another type, compares with nothing, and so it is <> all."""
    if left is None or right is None or set(left) != set(right):
        return operator == "<>"
    (kind, one), (_, other) = (*left.items(), *right.items())
    if kind == "N":
        one, other = float(one), float(other)
    compared: dict[str, bool] = {"=": one == other, "<>": one != other}
    if operator not in compared:
        compared |= {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}
    return compared[operator]


def size(value: Item) -> int:
    """Bytes of an item or a map, as AWS developerguide/CapacityUnitCalculations.html counts them."""
    return sum(
        len(name.encode()) + sum(_size(kind, each) for kind, each in typed.items()) for name, typed in value.items()
    )


def _size(kind: str, value: Any) -> int:
    if kind == "M":
        return 3 + len(value) + size(value)
    return len(value.encode()) if kind == "S" else (len(value.strip("-").replace(".", "")) + 1) // 2 + 1


def error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "UpdateItem")


def invalid(message: str) -> ClientError:
    return error("ValidationException", message)


def plain(item: Item) -> Iterator[tuple[str, Any]]:
    """Names and values of an item, for tests to read: maps as dicts, numbers as floats."""
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        yield name, dict(plain(value)) if kind == "M" else float(value) if kind == "N" else value
