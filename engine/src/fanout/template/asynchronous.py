"""How Lambda treats events that it is handed without an answer being waited for: by topics, rules, buckets and schedules.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fanout.template.messaging import Subscription, function_of, subscriptions
from fanout.template.template import Linked, Resource, Template
from fanout.template.values import UNKNOWN, Value

INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
RETRIES, AGE = 2, 21_600
"""What holds where a template says nothing: tries after the first, and seconds."""
CALLERS = ("topic", "rule", "bucket", "schedule")
"""Kinds of links to a function that wait for no answer."""
DELAYS = (60, 120)
"""Seconds before the second try, and before the third."""


@dataclass(frozen=True)
class Asynchronous:
    """`retries` and `age` are None where the template does not show them. `keeps`: where an event goes that is given up; None:
    nowhere; UNKNOWN."""

    retries: int | None
    age: float | None
    keeps: Value

    @property
    def when(self) -> str:
        """An event is given up ..."""
        if self.retries is None or self.age is None:
            return "after some tries"
        tries = "after its only try" if not self.retries else f"after {self.retries + 1} tries within {_minutes(self)}"
        return f"{tries}, or when it could not be begun for {_span(self.age)}"


def asynchronous(function: Resource) -> Asynchronous:
    """Of its $LATEST, or whatever is called: aliases with another configuration are not told apart."""
    config = next(_configurations(function), None)
    keeps: Value = function.template.target(function.get("DeadLetterConfig", "TargetArn"))
    if config is None:
        unseen = UNKNOWN if function.template.macros else None
        return Asynchronous(RETRIES, AGE, keeps if keeps is not None else unseen)
    retries = config.number("MaximumRetryAttempts", default=RETRIES)
    onward: Value = config.template.target(config.get("DestinationConfig", "OnFailure", "Destination"))
    return Asynchronous(
        None if retries is None else int(retries),
        config.number("MaximumEventAgeInSeconds", default=AGE),
        keeps if onward is None else onward,
    )


@dataclass(frozen=True)
class Call:
    """A subscription by which a topic calls a function."""

    subscription: Subscription
    function: Resource


def calls(template: Template) -> list[Call]:
    return template.remember(_calls)


def _calls(template: Template) -> list[Call]:
    found = [
        (each, function_of(template, each.endpoint)) for each in subscriptions(template) if each.protocol == "lambda"
    ]
    return [Call(each, function) for each, function in found if function is not None]


def _configurations(function: Resource) -> Iterator[Resource]:
    yield from function.template.linked.remember(_by_function).get(function, ())


def _by_function(linked: Linked) -> dict[Resource, list[Resource]]:
    found: dict[Resource, list[Resource]] = {}
    for config in linked.of(INVOKE_CONFIG):
        if (function := function_of(config.template, config.get("FunctionName"))) is not None:
            found.setdefault(function, []).append(config)
    return found


def _minutes(of: Asynchronous) -> str:
    minutes = sum(DELAYS[: of.retries]) // 60
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"
