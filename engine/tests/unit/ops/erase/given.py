"""A stack with an archive, dead letters, records and an intake in memory, and `fanout` in front of it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.cli import aws_command
from fanout.cli.main import main
from fanout.intake import store, subject
from fanout.intake.entry import Entry
from fanout.ops import lease
from fanout.ops.aws.stack import Stack
from fanout.ops.erase.places import letters
from fanout.runtime import record
from tests.unit.ops.aws.dynamodb import MOST_KEYS, Item, Reads, typed
from tests.unit.ops.aws.versions import VersionedS3
from tests.unit.ops.given import World as Shared
from tests.unit.ops.given import event

BUCKET, TABLE, INTAKE = "orders-archive", "records", "entries"
CANARY = "canary-kiwi"
EMAIL, SECRET = f"{CANARY}@example.com", "a secret"
NOW = datetime(2026, 1, 20, tzinfo=UTC)


class Tables(Reads):
    """Beside the records, whose double it is: an intake's table, and writes to both. AWS is as there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.records: dict[str, Item] = {}
        self.entries: dict[str, Item] = {}
        super().__init__(self.records, clock)

    def update_item(
        self, *, TableName: str, Key: Item, UpdateExpression: str, ExpressionAttributeValues: Item, **_: Any
    ) -> dict[str, Any]:
        """AWS APIReference/API_UpdateItem.html, of `SET name = if_not_exists(name, :value), ...` alone."""
        self.around("UpdateItem")
        if TableName == INTAKE:
            return self._forget(Key["pk"]["S"], UpdateExpression, ExpressionAttributeValues)
        assert TableName == TABLE
        key = Key[names.RECORD_KEY]["S"]
        item = self.records.setdefault(key, dict(Key))
        for each in UpdateExpression.removeprefix("SET ").split("), "):
            name, _equals, rest = each.rstrip(")").partition(" = if_not_exists(")
            item.setdefault(name, ExpressionAttributeValues[rest.split(", ")[1]])
        return {"Attributes": item}

    def _forget(self, pk: str, expression: str, values: Item) -> dict[str, Any]:
        """AWS APIReference/API_UpdateItem.html, of DELETE from a set: an empty one is no attribute."""
        assert expression == "DELETE #references :references"
        item = self.entries.setdefault(pk, {"pk": {"S": pk}})
        if left := [
            each for each in item.pop("references", {}).get("SS", []) if each not in values[":references"]["SS"]
        ]:
            item["references"] = {"SS": left}
        return {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        if INTAKE not in RequestItems:
            return super().batch_get_item(RequestItems=RequestItems)
        self.around("BatchGetItem")
        keys = [each["pk"]["S"] for each in RequestItems[INTAKE]["Keys"]]
        assert 0 < len(keys) <= MOST_KEYS
        return {"Responses": {INTAKE: [self.entries[each] for each in keys if each in self.entries]}}

    def get_item(self, *, TableName: str, Key: Item, **_: Any) -> dict[str, Any]:
        """AWS APIReference/API_GetItem.html: no Item where there is none."""
        self.around("GetItem")
        assert TableName == INTAKE
        found = self.entries.get(Key["pk"]["S"])
        return {"Item": found} if found else {}

    def delete_item(self, *, TableName: str, Key: Item) -> dict[str, Any]:
        """AWS APIReference/API_DeleteItem.html: of what is not there, no error."""
        self.around("DeleteItem")
        assert TableName == INTAKE
        self.entries.pop(Key["pk"]["S"], None)
        return {}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "scan"
        return SimpleNamespace(paginate=self._scan)

    def _scan(self, *, TableName: str, ExpressionAttributeValues: Item, **_: Any) -> Iterator[dict[str, Any]]:
        """AWS APIReference/API_Scan.html: a filter leaves out after reading, so ScannedCount is of all."""
        self.around("Scan")
        assert TableName == INTAKE
        claims = ExpressionAttributeValues[":claim"]["S"]
        for pk, item in self.entries.items():
            shown = {name: item[name] for name in ("pk", "reference") if name in item}
            yield {"ScannedCount": 1, "Items": [shown] if pk.startswith(claims) else []}


class World(Shared):
    """Orders of several people: o7's is the one to erase."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str], *, fifo: bool
    ) -> None:
        super().__init__(monkeypatch, folder, fifo=fifo)
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.clock.time = NOW.timestamp()
        self.dynamodb, self.s3 = Tables(self.clock), VersionedS3(self.clock)
        secrets = SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": SECRET})
        self.aws.__dict__.update(s3=self.s3, dynamodb=self.dynamodb, secrets=secrets)
        outputs = {
            names.ARCHIVE_BUCKET_OUTPUT: BUCKET,
            names.RECORDS_TABLE_OUTPUT: TABLE,
            names.INTAKE_TABLE_OUTPUT: INTAKE,
            names.INTAKE_SUBJECT_SECRET_OUTPUT: "arn:secret",
        }
        self.subscriber.__dict__["records_table"] = TABLE
        arn = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Orders-prod/1"
        self.stack = Stack(self.aws, "Orders-prod", arn, "CREATE_COMPLETE", outputs, (self.subscriber,))
        self.sqs.queue(self.queue)
        self.sqs.queue(self.dead)
        monkeypatch.setattr(letters.Letters, "patience", 0.0)
        monkeypatch.setattr(lease, "now", self.clock)
        monkeypatch.setattr(aws_command, "Aws", lambda **_: self.aws)
        monkeypatch.setattr(aws_command, "find", lambda aws, name: self.stack)

    def archive(self, number: int | str, *, at: datetime = NOW, key: str | None = None, **more: Any) -> str:
        made = event(number, **{"time": at.isoformat(), **more})
        name = key or f"{names.ARCHIVE_PREFIX}/{at:%Y/%m/%d}/berlin/{made['id']}/{number}.json"
        self.s3.put(name, json.dumps(made), at)
        return name

    def letter(self, number: int | str, **more: Any) -> None:
        group: dict[str, Any] = {"MessageGroupId": "berlin"} if self.subscriber.is_fifo else {}
        self.sqs.put(self.dead, json.dumps(event(number, **more)), id_=f"m{number}", **group)

    def record(self, number: int, *, at: datetime = NOW, reference: str | None = None) -> None:
        key = record.key("task", f"e{number}")
        fields = {"source": "/shops/berlin", "state": "done", "attempt": 1, "at": at.timestamp(), "message_id": "m"}
        self.dynamodb.records[key] = {
            names.RECORD_KEY: {"S": key},
            names.RECORD_REFERENCE: {"S": reference or f"o{number}"},
            names.RECORD_EXPIRES: typed(int((NOW + timedelta(days=30)).timestamp())),
            record.attribute("/shops/berlin"): typed(fields),
        }

    def entry(self, number: int, at: datetime | None = None) -> None:
        """As the intake stores it, with the claim of a key; with `at`, in the index of people."""
        made = Entry(f"o{number}", "berlin", f"e{number}", json.dumps(person(number)), {}, "token", "print")
        of = subject.key(subject.hashed(SECRET, EMAIL), at) if at else None
        item = store._item(made, NOW.timestamp(), None, of)
        if of:
            people = self.dynamodb.entries.setdefault(of, {"pk": {"S": of}, "references": {"SS": []}})
            people["references"]["SS"].append(f"o{number}")
        self.dynamodb.entries[item["pk"]["S"]] = item
        claim = store._key_of("berlin", f"key {number}")
        self.dynamodb.entries[claim] = {"pk": {"S": claim}, "reference": {"S": f"o{number}"}}

    def run(self, *arguments: str, status: int = 0) -> str:
        self._monkeypatch.setattr("sys.argv", ["fanout", *arguments, "--stack", "Orders-prod"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert (ended.value.code, "Traceback" in err) == (status, False), out + err
        assert CANARY not in out + err
        return out + err

    def erase(self, *more: str, status: int = 0, reference: str | None = "o7") -> Any:
        whose = ["--reference", reference] if reference else []
        told = self.run("erase", *whose, "--reason", "asked to", "--yes", "--json", *more, status=status)
        # What follows is how far it is, of an erasure that takes seconds.
        return json.JSONDecoder().raw_decode(told, told.index("{"))[0] if "{" in told else told

    def interrupt(self, around: Callable[..., None]) -> None:
        """Before each operation of every service."""
        self.dynamodb.around = self.s3.around = self.sqs.around = around

    def everywhere(self, word: str = CANARY) -> list[str]:
        """Each thing that has it in it."""
        queues = [url for url in (self.queue, self.dead) for body in self.sqs.bodies(url) if word in body]
        items = [pk for pk, item in self.dynamodb.entries.items() if word in json.dumps(item)]
        items += [pk for pk, item in self.dynamodb.records.items() if word in json.dumps(item)]
        journals = [each.name for each in self.folder.glob("*.jsonl") if word in each.read_text()]
        return [*self.s3.words(word), *queues, *items, *journals]

    def journal_lines(self) -> str:
        return "".join(each.read_text() for each in self.folder.glob("*Orders-prod.jsonl"))


def person(number: int | str = 7, **more: Any) -> dict[str, Any]:
    """The event of somebody whose every answer has the canary's word."""
    return event(number, **canary(number), **more)


def canary(number: int | str = 7) -> dict[str, Any]:
    customer = {"email": f"{CANARY}@example.com", "name": CANARY}
    return {"data": {"shop_id": "berlin", "order_id": f"o{number}", "items": {CANARY: 1}, "customer": customer}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> World:
    return World(monkeypatch, tmp_path, capsys, fifo=False)


@pytest.fixture
def fifo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> World:
    return World(monkeypatch, tmp_path, capsys, fifo=True)
