"""Our templates and the price table know each other: nothing is deployed whose price nobody knows."""

import re

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from fanout.costs.bill import STACK
from fanout.costs.model import monthly
from stacks import settings
from tests.infra.reading import Synth, Template
from tests.places import REPOSITORY

TASKS = {"send_receipt", "archive_order", "notify_partner"}
_DOLLARS = r"\$(\d\.\d\d)"
SAID = {
    "engine/src/fanout/constructs/settings.py": rf'"""`essential`: [^"]*?{_DOLLARS}[^"]*`full`: [^"]*?{_DOLLARS}',
    "README.md": rf'`alarms="essential"`[^`]*{_DOLLARS}[^`]*`"full"` {_DOLLARS}',
    "engine/docs/adr/0022-alarms-in-two-sizes.md": rf"- `essential`: [^`]*?{_DOLLARS}[^`]*`full`: [^`]*?{_DOLLARS}",
}
"""Where the dollars of a subscriber's alarms are written: essential, then full."""


def alarms(template: Template, task: str) -> float:
    lines = monthly(template, events_per_month=0).of(task)
    return sum(each.dollars for each in lines if each.what == "alarms")


def test_every_resource_is_priced_or_named_as_free(template: Template) -> None:
    assert monthly(template, events_per_month=0).unpriced == ()


def test_every_task_is_a_subscriber_of_the_bill(template: Template) -> None:
    found = monthly(template, events_per_month=1000)
    assert set(found.subscribers) == TASKS
    assert {each.owner for each in found.lines} == {*found.subscribers, STACK}


def test_alarms_cost_what_settings_and_documents_say(synth: Synth) -> None:
    dollars = {}
    for name, mode in (("dev", "essential"), ("prod", "full")):
        assert next(each for each in settings.ALL if each.name == name).alarms == mode
        (dollars[mode],) = {round(alarms(synth[name], task), 2) for task in TASKS}
    said = (f"{dollars['essential']:.2f}", f"{dollars['full']:.2f}")
    for document, pattern in SAID.items():
        assert re.findall(pattern, (REPOSITORY / document).read_text(), re.DOTALL) == [said], document


def test_a_filter_costs_two_metrics_more() -> None:
    stack = cdk.Stack(cdk.App(), "Team")
    arn = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
    topic = Topic.from_arn(stack, "Topic", arn, settings=settings.PROD)
    Subscriber(
        stack,
        "ArchiveOrder",
        topic=topic,
        task="archive_order",
        only={"type": ["order.placed.v1"]},
        circuit_breaker=CircuitBreaker(),
    )
    template: Template = dict(Synthesized.from_stack(stack).to_json())
    assert alarms(template, "archive_order") == pytest.approx(2.80)
    assert monthly(template, events_per_month=0).unpriced == ()
