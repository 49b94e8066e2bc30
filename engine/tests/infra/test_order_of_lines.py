"""Every permutation of a stack's lines gives the same template: no line has to come after another that it does not use."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.direct import Direct
from fanout.constructs.errors import one_line_errors
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.monitoring import Monitoring
from fanout.constructs.operators.policies import OperatorPolicies
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.examples import examples
from tests.infra.conftest import cdk_context
from tests.infra.reading import Template, of_type

CHOSEN = replace(settings.PROD, alarms="full", heartbeat=timedelta(minutes=5))
Line = Callable[[cdk.Stack, Topic], Any]

LINES: dict[str, Line] = {
    "Confirm": lambda stack, topic: subscriber(stack, "Confirm", topic, circuit_breaker=CircuitBreaker()),
    "Archive": lambda stack, topic: subscriber(stack, "Archive", topic, idempotent=True),
    "Notify": lambda stack, topic: subscriber(stack, "Notify", topic, circuit_breaker=CircuitBreaker(failures=5)),
    "operators": lambda stack, topic: OperatorPolicies(stack, "Operator", topic=topic),
    "heartbeat": lambda stack, topic: Heartbeat(stack, "Heartbeat", topic=topic),
    "monitoring": lambda stack, topic: Monitoring(stack, "Watch", topic=topic),
}
DROPPING: dict[str, Line] = {
    "Purge": lambda stack, topic: subscriber(stack, "Purge", topic, compute=Direct(drop_is_ok="a page is stale"))
}
"""It has no queue: where it comes first, others' queues and their key come later."""


def subscriber(stack: cdk.Stack, id_: str, topic: Topic, **arguments: Any) -> Subscriber:
    return Subscriber(stack, id_, topic=topic, task="archive_order", **arguments)


def synthesized(lines: Sequence[str], folder: Path, context: dict[str, Any] | None = None) -> Template:
    context = cdk_context() if context is None else context
    app = cdk.App(context=context, outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Team")
    topic = Topic(stack, "OrderPlaced", settings=CHOSEN)
    for line in lines:
        {**LINES, **DROPPING}[line](stack, topic)
    template: Template = app.synth().get_stack_by_name("Team").template
    return template


def text(template: Template) -> str:
    """Byte for byte but for the order of a JSON object's keys, which says nothing."""
    return json.dumps(template, sort_keys=True, indent=1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesized(list(LINES), tmp_path_factory.mktemp("written"))


@pytest.mark.long
def test_the_lines_in_their_usual_order_and_turned_around_give_one_template(written: Template, tmp_path: Path) -> None:
    assert text(synthesized(list(LINES)[::-1], tmp_path)) == text(written)


@given(order=st.sampled_from(list(permutations(LINES))))
@hypothesis.settings(deadline=None, max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow])
def test_any_permutation_gives_the_same_template(
    order: tuple[str, ...], written: Template, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert text(synthesized(order, tmp_path_factory.mktemp("permuted"))) == text(written)


@pytest.mark.long
def test_the_same_holds_for_an_app_without_the_cdks_feature_flags(tmp_path: Path) -> None:
    forth, back = (synthesized(lines, tmp_path / lines[0], {}) for lines in (list(LINES), list(LINES)[::-1]))
    assert text(forth) == text(back)


@pytest.mark.long
def test_one_without_a_queue_changes_the_order_of_statements_at_most(tmp_path: Path) -> None:
    def sorted_text(lines: list[str]) -> str:
        template = synthesized(lines, tmp_path / lines[0])
        for each in of_type(template, "AWS::IAM::ManagedPolicy").values():
            each["Properties"]["PolicyDocument"]["Statement"].sort(key=json.dumps)
        return text(template)

    lines = ["operators", "Purge", "Archive", "heartbeat", "monitoring"]
    assert sorted_text(lines) == sorted_text(lines[::-1])


@pytest.mark.long
def test_more_subscribers_than_one_policy_has_room_for_are_divided_by_their_ids(tmp_path: Path) -> None:
    def many(ids: Sequence[str], folder: Path) -> Template:
        app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
        stack = cdk.Stack(app, "Team")
        topic = Topic(stack, "OrderPlaced", settings=CHOSEN)
        OperatorPolicies(stack, "Operator", topic=topic)
        Heartbeat(stack, "Heartbeat", topic=topic)
        for id_ in ids:
            subscriber(stack, id_, topic)
        template: Template = app.synth().get_stack_by_name("Team").template
        return template

    ids = [f"Task{number}" for number in range(8)]
    forth = many(ids, tmp_path / "forth")
    assert len(of_type(forth, "AWS::IAM::ManagedPolicy")) == 1 + 3
    assert text(forth) == text(many(ids[::-1], tmp_path / "back"))


@pytest.mark.long
def test_whoever_comes_last_is_watched_waited_for_and_let_in(tmp_path: Path) -> None:
    template = synthesized(["operators", "heartbeat", "monitoring", "Archive", "Notify", "Confirm"], tmp_path)
    (schedule,) = of_type(template, "AWS::Scheduler::Schedule").values()
    (dashboard,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    (composite,) = of_type(template, "AWS::CloudWatch::CompositeAlarm").values()
    policies = json.dumps(of_type(template, "AWS::IAM::ManagedPolicy"))
    for id_ in ("Archive", "Notify", "Confirm"):
        assert {each for each in schedule["DependsOn"] if each.startswith(f"{id_}Subscription")}
        assert {each for each in schedule["DependsOn"] if each.startswith(f"{id_}Mapping")}
        for text_ in (json.dumps(dashboard), json.dumps(composite), policies):
            assert f'"{id_}DeadLetter' in text_


@pytest.mark.long
def test_more_alarms_than_a_composite_has_room_for_are_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Team")
    topic = Topic(stack, "OrderPlaced", settings=CHOSEN)
    Monitoring(stack, "Watch", topic=topic)
    Heartbeat(stack, "Heartbeat", topic=topic)
    for number in range(33):
        subscriber(stack, f"Task{number}", topic)
    with pytest.raises(SystemExit) as ended, one_line_errors():
        app.synth()
    assert ended.value.code == (
        "error: settings prod: alarms is 'full' for 33 subscribers: expected at most 32 in one stack, or 'essential'"
    )
