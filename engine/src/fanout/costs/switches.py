"""What each setting that decides a bill would change in it: the same template with that one thing the other way."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from fanout import names
from fanout.costs.assumptions import Assumptions
from fanout.costs.model import monthly
from fanout.costs.rebatched import rebatched
from fanout.costs.schedules import SCHEDULES
from fanout.costs.traffic import topics
from fanout.template.template import Template
from fanout.template.types import FUNCTION, TOPIC

MONTH = 30
"""Days."""
Body = dict[str, Any]


@dataclass(frozen=True)
class Switch:
    """`dollars` a month come to the bill with `instead`; less than 0: it saves them."""

    setting: str
    now: str
    instead: str
    dollars: float


def switches(
    template: Body,
    *,
    events_per_month: int,
    batching: Mapping[Any, tuple[int, int]],
    assumptions: Assumptions | None = None,
) -> list[Switch]:
    """Of settings that this template shows, the largest saving first. `batching`: batch size and window of each word."""

    def dollars(body: Body) -> float:
        return monthly(body, events_per_month=events_per_month, assumptions=assumptions).total

    found, today = [], dollars(template)
    settings: list[_Setting] = [*_SETTINGS, ("batching", _batching, partial(_batch, batching))]
    for setting, read, change in settings:
        if (states := read(Template(template))) is not None:
            now, instead = states
            found.append(Switch(setting, now, instead, dollars(change(deepcopy(template), instead)) - today))
    return sorted(found, key=lambda each: each.dollars)


def _tracing(template: Template) -> tuple[str, str] | None:
    """None without a function; `active` as soon as anything is."""
    if not template.of(FUNCTION):
        return None
    functions = (each.get("TracingConfig", "Mode") for each in template.of(FUNCTION))
    traced = (each.get("TracingConfig") for each in template.of(TOPIC))
    return ("active", "pass-through") if "Active" in (*functions, *traced) else ("pass-through", "active")


def _trace(body: Body, word: str) -> Body:
    mode = "Active" if word == "active" else "PassThrough"
    for properties in _properties(body, FUNCTION):
        properties["TracingConfig"] = {"Mode": mode}
    for each in topics(Template(body)):
        body["Resources"][each.id].setdefault("Properties", {})["TracingConfig"] = mode
    return body


def _metrics(template: Template) -> tuple[str, str] | None:
    ours = [each for each in template.of(FUNCTION) if isinstance(each.get("Environment", "Variables", names.TASK), str)]
    if not ours:
        return None
    all_essential = all(each.get("Environment", "Variables", names.METRICS) == "essential" for each in ours)
    return ("essential", "full") if all_essential else ("full", "essential")


def _measure(body: Body, word: str) -> Body:
    for properties in _properties(body, FUNCTION):
        variables = properties.get("Environment", {}).get("Variables")
        if isinstance(variables, dict) and names.TASK in variables:
            variables[names.METRICS] = word
    return body


def _retention(template: Template) -> tuple[str, str] | None:
    days = [each.number("RetentionInDays") for each in template.of(_LOG_GROUP)]
    longest = max((each for each in days if each is not None), default=0)
    return (f"{longest:.0f} days", f"{MONTH} days") if longest > MONTH else None


def _retain(body: Body, _: str) -> Body:
    for properties in _properties(body, _LOG_GROUP):
        properties["RetentionInDays"] = MONTH
    return body


def _batching(template: Template) -> tuple[str, str] | None:
    if any(each.get("MaximumBatchingWindowInSeconds") for each in template.of(_MAPPING)):
        return "cost", "latency"
    return ("latency", "cost") if template.of(_MAPPING) else None


def _batch(batching: Mapping[Any, tuple[int, int]], body: Body, word: str) -> Body:
    """With its schedules, whose heartbeats are paid for either way."""
    changed = rebatched(body, *batching[word])
    schedules = {id_: each for id_, each in body["Resources"].items() if each.get("Type") in SCHEDULES}
    changed["Resources"] |= schedules
    return changed


def _encryption(template: Template) -> tuple[str, str] | None:
    return ("customer-keys", "sqs-managed") if template.of(_KEY) else None


def _no_keys(body: Body, _: str) -> Body:
    body["Resources"] = {id_: each for id_, each in body["Resources"].items() if each.get("Type") != _KEY}
    for each in body["Resources"].values():
        for property_ in ("KmsMasterKeyId", "SSESpecification", "BucketEncryption"):
            each.get("Properties", {}).pop(property_, None)
    return body


def _properties(body: Body, type_: str) -> list[dict[str, Any]]:
    found = (each for each in body["Resources"].values() if isinstance(each, Mapping) and each.get("Type") == type_)
    return [each["Properties"] for each in found if isinstance(each.get("Properties"), dict)]


_LOG_GROUP, _MAPPING, _KEY = "AWS::Logs::LogGroup", "AWS::Lambda::EventSourceMapping", "AWS::KMS::Key"
_Setting = tuple[str, Callable[[Template], tuple[str, str] | None], Callable[[Body, str], Body]]
"""Its name; the word of today and the other one, or None; what makes the other of a template."""
_SETTINGS: tuple[_Setting, ...] = (
    ("tracing", _tracing, _trace),
    ("metrics", _metrics, _measure),
    ("log_retention", _retention, _retain),
    ("encryption", _encryption, _no_keys),
)
