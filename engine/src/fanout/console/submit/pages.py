"""Submit: an event filled in by its contract, published as any publisher does, and followed to its end."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fanout.console.allowed import SEND
from fanout.console.console import Console
from fanout.console.faults import EXPECTED, line_of
from fanout.console.page import Answer, Asked, Page, Route, To
from fanout.console.submit.fields import Field, Unreadable, again, all_names, fields, read
from fanout.contracts.app import known_contracts
from fanout.contracts.contract import Contract
from fanout.errors import Unusable
from fanout.ops.send.event import as_new, publish_written
from fanout.publisher import Event, InvalidEvent, checked_event
from fanout.publisher.event import MAX_BYTES

SOURCE = "source"


def routes(console: Console) -> Sequence[Route]:
    def first(_: Asked) -> Answer:
        types = [each.type for each in known_contracts() if not each.erases]
        if len(types) == 1:
            return To(f"/submit/{quote(types[0], safe='')}")
        return Page("submit/types.html", {"types": types, "commands": [f"fanout send --example {console.target}"]})

    def show(asked: Asked) -> Answer:
        contract = _contract(asked)
        chosen = asked.query.get("example", "0")
        number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 4 else 0
        filled = as_new(contract, contract.examples[number]) if number < len(contract.examples) else _empty(contract)
        return _page(console, contract, str(filled.get(SOURCE, "")), _fields(contract, filled), number=number)

    def send(asked: Asked) -> Answer:
        contract = _contract(asked)
        shown = _fields(contract, _empty(contract))
        id_, source = _id(asked.form.get("id", "")), asked.form.get(SOURCE, "")
        try:
            event = _event(console, contract, shown, asked.form, id_)
        except (Unreadable, InvalidEvent) as error:
            problem = _place(error, shown)
            return _page(console, contract, source, again(shown, asked.form, problem), problem, id_=id_, status=422)
        except EXPECTED as error:
            told = ("", line_of(error))
            return _page(console, contract, source, again(shown, asked.form, told), told, id_=id_, status=409)
        try:
            publish_written(console.acting, [event])
        except EXPECTED as error:  # the same id again is the same event to each task
            told = ("", line_of(error))
            filled = again(shown, asked.form, told)
            return _page(console, contract, source, filled, told, id_=id_, is_unsure=True, status=409)
        return To(f"/events/{quote(event.id, safe='')}?since=1h")

    return (
        Route("/submit", first),
        Route("/submit/{type}", show),
        Route("/submit/{type}", send, "POST", SEND),
    )


def _contract(asked: Asked) -> Contract:
    contracts = known_contracts()
    if asked.path["type"] not in contracts.by_type:
        known = ", ".join(contracts.by_type) or "none"
        raise Unusable(f"{asked.path['type']} has no schema in contracts/: it has {known}")
    return contracts[asked.path["type"]]


def _page(
    console: Console,
    contract: Contract,
    source: str,
    shown: tuple[Field, ...],
    problem: tuple[str, str] = ("", ""),
    *,
    id_: str = "",
    is_unsure: bool = False,
    number: int | None = None,
    status: int = 200,
) -> Page:
    """`id_` is the form's, kept while it is filled in: the event's own is made of it (`_event`)."""
    facts: dict[str, Any] = {
        "id": id_ or str(uuid.uuid4()),
        "is_unsure": is_unsure,
        "contract": contract,
        "types": [each.type for each in known_contracts() if not each.erases],
        "fields": shown,
        "source": source,
        "problem": problem,
        "number": number,
        "examples": _names(contract),
        "topic": _topic(console, problem[1]),
        "commands": [f"fanout send --example --type {contract.type} --wait {console.target}"],
    }
    return Page("submit/form.html", facts, status=status)


def _topic(console: Console, problem: str) -> str:
    """Its name; where AWS does not say it, what was filled in is shown all the same, with its `problem`."""
    try:
        return console.stack.topic_arn.rpartition(":")[2]
    except EXPECTED:
        if not problem:
            raise
        return "its topic"


def _names(contract: Contract) -> list[str]:
    """Of its examples: of the file of each."""
    texts = known_contracts().valid
    names = {json.dumps(json.loads(text), sort_keys=True): name for name, text in texts.items()}
    found = [names.get(json.dumps(each, sort_keys=True), "") for each in contract.examples]
    return [name or str(number) for number, name in enumerate(found, 1)]


def _fields(contract: Contract, event: Mapping[str, Any]) -> tuple[Field, ...]:
    data = contract.body_schema("data") or {}
    return fields(data, "data", event.get("data"))


def _empty(contract: Contract) -> dict[str, Any]:
    source = contract.examples[0].get(SOURCE, "") if contract.examples else "/console"
    return {SOURCE: source, "data": {}}


def _id(given: str) -> str:
    """As the form had it; a new one where that is none."""
    try:
        return str(uuid.UUID(given))
    except ValueError:
        return str(uuid.uuid4())


def _event(console: Console, contract: Contract, shown: tuple[Field, ...], form: Mapping[str, str], id_: str) -> Event:
    """The same answers in the form `id_` are one event, others are another; as that id is in no log, no answers can be tried against
    the event's. Raises Unreadable, and InvalidEvent."""
    read_data: Any = read(shown, form)
    is_one_json = len(shown) == 1 and shown[0].name == "data"
    said = {
        SOURCE: form.get(SOURCE, ""),
        "type": contract.type,
        "data": read_data.get("data", {}) if is_one_json else read_data,
    }
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.UUID(id_), json.dumps(said, sort_keys=True))),
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        **said,
    }
    return checked_event(json.loads(json.dumps(event)), max_bytes=console.stack.max_bytes or MAX_BYTES)


def _place(error: ValueError, shown: tuple[Field, ...]) -> tuple[str, str]:
    """Which field, the nearest one that is shown, and what is wrong. A contract's errors name path and rule, and no value."""
    if isinstance(error, Unreadable):
        return error.name, str(error)
    said = str(error).removesuffix("; nothing was published")
    path = said.split(" ", 1)[0].removeprefix("event.")
    found = [each for each in (SOURCE, *all_names(shown)) if path == each or path.startswith((f"{each}.", f"{each}["))]
    return max(found, key=len, default=""), said
