"""What became of an entry, for whoever has its link: by the records of the tasks, which hold no answer.

Without a table of records to look at, it says whether the entry was passed on, and no more.
"""

import hmac
import os
from dataclasses import dataclass
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
    tasks = [each for each in os.environ.get(names.INTAKE_TASKS, "").split(",") if each]
    states = _states(str(item["event_id"]["S"]), tasks) if tasks else {}
    rows = [(task.replace("_", " "), WORDS.get(states.get(task, ""), WAITING)) for task in tasks]
    return Status(reference, *_told(item, [states.get(task, "") for task in tasks]), rows)


def _told(item: store.Item, states: list[str]) -> tuple[str, str]:
    if "unsent_at" in item:
        return "Received", "We have what you sent, and it is about to be worked on."
    if states and all(each == record.DONE for each in states):
        return "All is done", "All that follows from it is done."
    if record.DEAD in states:
        return (
            "We are looking into it",
            "Something could not be done by itself. Somebody looks into it; you need not send it again.",
        )
    return "Being worked on", "We have what you sent, and it is being worked on."


def _states(event_id: str, tasks: list[str]) -> dict[str, str]:
    """By task; its newest record, where several sources share an id."""
    table = os.environ[names.INTAKE_RECORDS_TABLE]
    keys = {record.key(task, event_id): task for task in tasks}
    asked = {table: {"Keys": [{names.RECORD_KEY: {"S": key}} for key in keys]}}
    answer = client("dynamodb").batch_get_item(RequestItems=asked)
    found = {}
    for item in answer.get("Responses", {}).get(table, []):
        records = [each["M"] for name, each in item.items() if name.startswith(record.PREFIX) and "M" in each]
        newest: store.Item = max(records, key=lambda each: float(each.get("at", {}).get("N", "0")), default={})
        found[keys.get(item[names.RECORD_KEY]["S"], "")] = str(newest.get("state", {}).get("S", ""))
    return found
