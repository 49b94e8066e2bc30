"""What became of an entry, for whoever has its link: by the records of the tasks, which hold no answer.

Without a table of records to look at, it says whether the entry was passed on, and no more.
"""

import hmac
import os
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fanout import names
from fanout.intake import entry, store
from fanout.runtime import record
from fanout.runtime.aws import client

WORDS: Final = {
    record.DONE: "done",
    record.WORKING: "being worked on",
    record.FAILED: "will be tried again",
    record.DEAD: "we are looking into it",
}
WAITING: Final = "waiting"
FORGOTTEN: Final = "no longer known"
RECORDS_KEPT: Final = 16 * 86_400
"""Seconds for which any task's record is there: a day in its queue, 14 as a dead letter, and one more."""
PERHAPS: Final = "?"
"""Behind a task's name in INTAKE_TASKS: its filter may keep an entry from it, so it is told of once it has a record."""
LOOKED_INTO: Final = (
    "We are looking into it",
    "Something could not be done by itself. Somebody looks into it; you need not send it again.",
)
MOST_ASKED: Final = 4
"""Times, of records that DynamoDB does not get to at once."""
FIRST_WAIT: Final = 0.05
"""Seconds, doubled each time."""


@dataclass(frozen=True)
class Status:
    reference: str
    title: str
    told: str
    rows: list[tuple[str, str]]

    def as_json(self) -> dict[str, Any]:
        return {"reference": self.reference, "status": self.title, "tasks": dict(self.rows)}


def of(reference: str, token: str) -> Status | None:
    """None where there is no such entry, or the token is another's: nobody learns which."""
    item = store.find(reference) if entry.is_reference(reference) else {}
    known = str(item.get("token", {}).get("S", ""))
    if not known or not hmac.compare_digest(known.encode(), token.encode("utf-8", "replace")):
        return None
    followed = [each for each in os.environ.get(names.INTAKE_TASKS, "").split(",") if each]
    found = _states(str(item["event_id"]["S"]), followed) if followed else {}
    old = _is_old(item)
    told = [each for each in followed if old or each in found or PERHAPS not in each]
    states = {each.removesuffix(PERHAPS): found.get(each, "") for each in told}
    unseen = FORGOTTEN if old else WAITING
    rows = [(task.replace("_", " "), WORDS.get(state, unseen)) for task, state in states.items()]
    return Status(reference, *_told(item, [*states.values()], old=old), rows)


def _told(item: store.Item, states: list[str], *, old: bool) -> tuple[str, str]:
    """What was set aside is emitted again by an operator alone."""
    if "poison" in item:
        return LOOKED_INTO
    if "unsent_at" in item:
        return "Received", "We have what you sent, and it is about to be worked on."
    if states and all(each == record.DONE for each in states):
        return "All is done", "All that follows from it is done."
    if record.DEAD in states:
        return LOOKED_INTO
    if old and not {record.WORKING, record.FAILED} & {*states}:
        return "Passed on", "We have what you sent, and it was passed on. What became of it is not kept for so long."
    return "Being worked on", "We have what you sent, and it is being worked on."


def _is_old(item: store.Item) -> bool:
    """Whether it was emitted so long ago that a record of it may have ended."""
    emitted = item.get("emitted_at", {}).get("S")
    return bool(emitted) and time.time() - datetime.fromisoformat(emitted).timestamp() >= RECORDS_KEPT


def _states(event_id: str, followed: list[str]) -> dict[str, str]:
    """By task, as it is named in `followed`; its newest record, where several sources share an id."""
    keys = {record.key(each.removesuffix(PERHAPS), event_id): each for each in followed}
    found = {}
    for item in _items(os.environ[names.INTAKE_RECORDS_TABLE], keys):
        records = [each["M"] for name, each in item.items() if name.startswith(record.PREFIX) and "M" in each]
        newest: store.Item = max(records, key=lambda each: float(each.get("at", {}).get("N", "0")), default={})
        found[keys.get(item[names.RECORD_KEY]["S"], "")] = str(newest.get("state", {}).get("S", ""))
    return found


def _items(table: str, keys: Iterable[str]) -> list[store.Item]:
    """All that are there. Raises TimeoutError where DynamoDB does not say of each whether it is.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    """
    found: list[store.Item] = []
    asked: Any = {table: {"Keys": [{names.RECORD_KEY: {"S": key}} for key in keys]}}
    for attempt in range(MOST_ASKED):
        answer = client("dynamodb").batch_get_item(RequestItems=asked)
        found += answer.get("Responses", {}).get(table, [])
        asked = answer.get("UnprocessedKeys")
        if not asked:
            return found
        time.sleep(random.uniform(0.5, 1) * FIRST_WAIT * 2**attempt)
    raise TimeoutError("DynamoDB has not read all records")
