"""Forty subscribers with names of forty letters, in the longest region: everything fits into what AWS takes."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from fanout.checks.engine import check_template
from fanout.constructs import (
    App,
    ConfigurationError,
    FanoutStack,
    Heartbeat,
    Monitoring,
    OperatorPolicies,
    Settings,
    Subscriber,
    Topic,
    Worker,
)
from fanout.constructs.operators import grants, policies, room
from fanout.constructs.operators.room import MOST_CHARACTERS
from fanout.physical_names import REGION
from fanout.template.sizes import size_of
from fanout.template.template import Template
from fanout.template.values import as_list
from stacks import settings
from tests.infra.conftest import cdk_context

NAMES = [f"SynchronizeCustomerRelationsWithRegion{number:02}" for number in range(40)]
LONGER = [f"{name}{'A' * 50}" for name in NAMES]
TOO_LARGE = {"policy-too-large", "variables-too-large", "alarms-too-large"}


def crowded(folder: Path, entry: Settings, names: list[str]) -> Template:
    """More resources than one stack may have: what is asked here is the size of each."""
    context: dict[str, Any] = {**cdk_context(), "@aws-cdk/core:stackResourceLimit": 0}
    app = cdk.App(context=context, outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, f"OrderEvents-{entry.name}", env=cdk.Environment(account="123456789012", region=REGION))
    topic = Topic(stack, "OrderPlaced", settings=replace(entry, alarms="essential"))
    for name in reversed(names):
        Subscriber(stack, name, topic=topic, task="archive_order")
    Heartbeat(stack, "Heartbeat", topic=topic)
    Monitoring(stack, "Watch", topic=topic)
    OperatorPolicies(stack, "Operator", topic=topic)
    app.synth()
    name = f"OrderEvents-{entry.name}"
    return Template(json.loads((folder / f"{name}.template.json").read_text()), name=name)


def operator_policies(template: Template) -> dict[str, int]:
    """By construct path, the characters at their longest."""
    found = template.of("AWS::IAM::ManagedPolicy")
    return {
        each.path: size_of(template, each.document("PolicyDocument")) for each in found if "/Operator/" in each.path
    }


@pytest.mark.long
@pytest.mark.parametrize("entry", settings.ALL, ids=lambda entry: str(entry.name))
def test_forty_long_names_fit_in_every_settings_entry(entry: Settings, tmp_path: Path) -> None:
    assert {len(name) for name in NAMES} == {40}
    template = crowded(tmp_path, entry, NAMES)
    assert [
        f"{each.rule} {each.path}: {each.message}" for each in check_template(template) if each.rule in TOO_LARGE
    ] == []
    sizes = operator_policies(template)
    assert len(sizes) <= 20 and max(sizes.values()) <= MOST_CHARACTERS


@pytest.mark.parametrize("entry", settings.ALL, ids=lambda entry: str(entry.name))
def test_what_is_reserved_for_others_than_subscribers_is_what_they_take(
    entry: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserved: list[int] = []
    real = room.first_characters

    def remembered(topic: Topic, stack: str) -> int:
        reserved.append(real(topic, stack))
        return reserved[0]

    monkeypatch.setattr(policies, "first_characters", remembered)
    template = crowded(tmp_path, entry, NAMES[:1])
    (policy,) = [each for each in template.of("AWS::IAM::ManagedPolicy") if "/Operator/ReadPolicy/" in each.path]
    granted = [set(actions) for actions, _ in grants.READ]
    found = policy.document("PolicyDocument")["Statement"]
    taken = size_of(template, [each for each in found if set(as_list(each["Action"])) not in granted])
    assert taken <= reserved[0] <= taken + 120


@pytest.mark.long
def test_a_policy_holds_fewer_where_names_are_long(tmp_path: Path) -> None:
    short = operator_policies(crowded(tmp_path / "short", settings.PROD, [f"Task{number}" for number in range(5)]))
    long = operator_policies(crowded(tmp_path / "long", settings.PROD, LONGER[:5]))
    assert len(short) == 2 and len(long) == 3
    assert max(long.values()) <= MOST_CHARACTERS


def of_workers(folder: Path, names: list[str]) -> Template:
    app = App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = FanoutStack(app, "OrderEvents-prod", settings=settings.PROD)
    topic = Topic(stack, "OrderPlaced", settings=settings.PROD)
    OperatorPolicies(stack, "Operator", topic=topic)
    for name in names:
        Subscriber(stack, name, topic=topic, task="archive_order", compute=Worker())
    app.synth()
    return Template(json.loads((folder / "OrderEvents-prod.template.json").read_text()), name="OrderEvents-prod")


@pytest.mark.long
def test_policies_of_workers_fit_or_their_stack_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        of_workers(tmp_path / "many", LONGER[:30])
    found = re.search(r"have room for (\d+) workers in one stack", str(raised.value))
    assert found and int(found[1]) >= 6 and "\n" not in str(raised.value)
    fitting = of_workers(tmp_path / "few", LONGER[: int(found[1])])
    assert max(operator_policies(fitting).values()) <= MOST_CHARACTERS
    short = of_workers(tmp_path / "short", [f"PrintLabel{number}" for number in range(12)])
    assert max(operator_policies(short).values()) <= MOST_CHARACTERS


@pytest.mark.long
def test_the_rule_sees_policies_that_were_filled_by_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, as it was before, they would not fit."""
    monkeypatch.setattr("fanout.constructs.operators.room.MOST_CHARACTERS", 100_000)
    template = crowded(tmp_path, settings.STAGING, LONGER[:11])
    found = [each for each in check_template(template) if each.rule == "policy-too-large"]
    assert found and all("/Operator/ReadPolicy" in each.path for each in found)
