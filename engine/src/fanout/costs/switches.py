"""What each setting that decides a bill would change in it: the same template with that one thing the other way."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fanout import names
from fanout.costs.assumptions import MONTH_SECONDS, Assumptions
from fanout.costs.model import monthly
from fanout.costs.rebatched import rebatched
from fanout.costs.schedules import SCHEDULES, feeds, heartbeats
from fanout.costs.subscribers import acting, subscribers, tasks
from fanout.costs.traffic import topics
from fanout.template.alarms import metrics_of
from fanout.template.template import Template
from fanout.template.tracing import is_traced
from fanout.template.types import ALARM, FUNCTION, TOPIC
from fanout.template.values import Value, as_list
from fanout.template.workers import DEFINITION

MONTH = 30
"""Days."""
Body = dict[str, Any]
_EARLY = (
    "EventDied|DeadLetterOld|DeadLetterGrowth|QueueBacklog|QueuePaused|FunctionErrors|FunctionThrottles|FunctionTimeouts"
    "|FunctionSlow|LeftOver|FilteredOut|EventWaits|WorkerAbsent|Incomplete|NeedsAPerson"
)
EARLY = re.compile(rf"({_EARLY})Alarm[0-9A-F]{{8}}$")
"""Logical ids of the alarms that `alarms="essential"` leaves out."""
_SCHEDULER = "AWS/Scheduler"


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

    def dollars(of: Body | Template) -> float:
        return monthly(of, events_per_month=events_per_month, assumptions=assumptions).total

    template = _copied(template)
    whole = Template(template)
    found, today = [], dollars(whole)
    settings: list[_Setting] = [*_SETTINGS, ("batching", _batching, partial(_batch, batching))]
    for setting, read, change in settings:
        if (states := read(whole)) is not None:
            now, instead = states
            found.append(Switch(setting, now, instead, dollars(change(_copied(template), instead)) - today))
    return sorted(found, key=lambda each: each.dollars)


def _copied(template: Body) -> Body:
    """Down to the properties of each resource, and what they hold is the template's own. Without what CloudFormation would
    refuse, so that a change finds resources, and properties in each."""
    resources = template.get("Resources")
    found = {
        id_: each for id_, each in (resources if isinstance(resources, dict) else {}).items() if isinstance(each, dict)
    }
    return {**template, "Resources": {id_: {**each, "Properties": _properties_of(each)} for id_, each in found.items()}}


def _properties_of(resource: Body) -> Body:
    properties = resource.get("Properties")
    return {**properties} if isinstance(properties, dict) else {}


def _tracing(template: Template) -> tuple[str, str] | None:
    """None without a function; `active` as soon as anything is."""
    if not template.of(FUNCTION):
        return None
    traced = any(is_traced(each) for each in template.of(FUNCTION, TOPIC))
    return ("active", "pass-through") if traced else ("pass-through", "active")


def _trace(body: Body, word: str) -> Body:
    mode = "Active" if word == "active" else "PassThrough"
    for properties in _properties(body, FUNCTION):
        properties["TracingConfig"] = {"Mode": mode}
    for each in topics(Template(body)):
        body["Resources"][each.id]["Properties"]["TracingConfig"] = mode
    return body


def _metrics(template: Template) -> tuple[str, str] | None:
    ours = [each for each in _variables(template) if isinstance(each.get(names.TASK), str)]
    if not ours:
        return None
    all_essential = all(each.get(names.METRICS) == "essential" for each in ours)
    return ("essential", "full") if all_essential else ("full", "essential")


def _measure(body: Body, word: str) -> Body:
    return _with_variable(body, names.METRICS, word)


def _idempotent(template: Template) -> tuple[str, str] | None:
    """Of tasks with a record; one that claims is enough for a row."""
    ours = [each for each in _variables(template) if names.COMPLETED_TABLE in each]
    return ("False", "True") if any(each.get(names.IDEMPOTENT) != "false" for each in ours) else None


def _claim_nothing(body: Body, _: str) -> Body:
    return _with_variable(body, names.IDEMPOTENT, "false")


def _variables(template: Template) -> list[Mapping[str, Value]]:
    """Of each task's function or workers; what workers elsewhere are told is one text, which no switch changes."""
    return [acting(each)[1] for each in tasks(template) if not each.is_elsewhere]


def _with_variable(body: Body, name: str, value: str) -> Body:
    for properties in _properties(body, FUNCTION):
        environment = properties.get("Environment")
        environment = environment if isinstance(environment, dict) else {}
        variables = environment.get("Variables")
        if isinstance(variables, dict) and names.TASK in variables:
            properties["Environment"] = {**environment, "Variables": {**variables, name: value}}
    for properties in _properties(body, DEFINITION):
        containers = as_list(properties.get("ContainerDefinitions"))
        properties["ContainerDefinitions"] = [_told(each, name, value) for each in containers]
    return body


def _told(container: Any, name: str, value: str) -> Any:
    """A worker's container, in whose environment the variable has that value."""
    told = as_list(container.get("Environment")) if isinstance(container, dict) else []
    others = [each for each in told if isinstance(each, dict) and each.get("Name") != name]
    if not any(each.get("Name") == names.TASK for each in others):
        return container
    return {**container, "Environment": [*others, {"Name": name, "Value": value}]}


def _alarms(template: Template) -> tuple[str, str] | None:
    """What only `full` has beside `essential`: by logical ids, as CloudFormation knows no kinds of alarms."""
    return ("full", "essential") if any(EARLY.search(each) for each in template.resources) else None


def _ring_late(body: Body, _: str) -> Body:
    return _without(body, {each for each in body["Resources"] if EARLY.search(each)})


def _heartbeat(template: Template) -> tuple[str, str] | None:
    times = heartbeats(template, topics(template))
    return (f"{MONTH_SECONDS / 60 / times:.0f} minutes", "None") if times else None


def _no_heartbeat(body: Body, _: str) -> Body:
    """Neither the schedules nor the alarms that look at what they do."""
    template = Template(body)
    fed = topics(template)
    beats = {each.id for each in template.of(*SCHEDULES) if feeds(each, fed)}
    watching = (each.id for each in template.of(ALARM) if any(one[0] == _SCHEDULER for one in metrics_of(each)))
    return _without(body, {*beats, *watching})


def _without(body: Body, ids: set[str]) -> Body:
    body["Resources"] = {id_: each for id_, each in body["Resources"].items() if id_ not in ids}
    return body


def _retention(template: Template) -> tuple[str, str] | None:
    days = [each.number("RetentionInDays") for each in template.of(_LOG_GROUP)]
    longest = max((each for each in days if each is not None), default=0)
    return (f"{longest:.0f} days", f"{MONTH} days") if longest > MONTH else None


def _retain(body: Body, _: str) -> Body:
    for each in Template(body).of(_LOG_GROUP):
        if (each.number("RetentionInDays") or 0) > MONTH:
            body["Resources"][each.id]["Properties"]["RetentionInDays"] = MONTH
    return body


def _batching(template: Template) -> tuple[str, str] | None:
    windows = [each.polled.window for each in subscribers(template) if each.mapping]
    return ("cost", "latency") if any(windows) else ("latency", "cost") if windows else None


def _batch(batching: Mapping[Any, tuple[int, int]], body: Body, word: str) -> Body:
    """With its schedules, whose heartbeats are paid for either way."""
    changed = rebatched(body, *batching[word])
    schedules = {id_: each for id_, each in body["Resources"].items() if each.get("Type") in SCHEDULES}
    changed["Resources"] |= schedules
    return changed


def _encryption(template: Template) -> tuple[str, str] | None:
    return ("customer-keys", "sqs-managed") if template.of(_KEY) else None


def _no_keys(body: Body, _: str) -> Body:
    for each in body["Resources"].values():
        for property_ in ("KmsMasterKeyId", "SSESpecification", "BucketEncryption"):
            each["Properties"].pop(property_, None)
    return _without(body, {id_ for id_, each in body["Resources"].items() if each.get("Type") == _KEY})


def _properties(body: Body, type_: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in body["Resources"].values() if each.get("Type") == type_]


_LOG_GROUP, _KEY = "AWS::Logs::LogGroup", "AWS::KMS::Key"
_Setting = tuple[str, Callable[[Template], tuple[str, str] | None], Callable[[Body, str], Body]]
"""Its name; the word of today and the other one, or None; what makes the other of a template."""
_SETTINGS: tuple[_Setting, ...] = (
    ("tracing", _tracing, _trace),
    ("metrics", _metrics, _measure),
    ("log_retention", _retention, _retain),
    ("encryption", _encryption, _no_keys),
    ("alarms", _alarms, _ring_late),
    ("heartbeat", _heartbeat, _no_heartbeat),
    ("idempotent", _idempotent, _claim_nothing),
)
