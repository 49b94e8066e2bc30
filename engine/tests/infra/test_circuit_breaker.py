"""A circuit breaker is three resources for its subscriber and one closer for the stack, without a cycle."""

import json
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aws_cdk as cdk
import pytest

from fanout.checks.engine import check_template
from fanout.constructs.circuit_breaker import CircuitBreaker
from fanout.constructs.consumer import Host, beside
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.conftest import cdk_context
from tests.infra.linted import linted
from tests.infra.reading import actions, of_type, statements, target

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("circuit")
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=settings.PROD)
    for name, task in (("Notify", "notify_partner"), ("Archive", "archive_order")):
        breaker = CircuitBreaker(failures=7, cool_down=timedelta(minutes=2))
        Subscriber(stack, name, topic=topic, task=task, circuit_breaker=breaker)
    app.synth()
    made: dict[str, Any] = json.loads((folder / "Team.template.json").read_text())
    return made


@pytest.mark.long
def test_each_function_may_switch_off_its_own_mapping_only(template: dict[str, Any]) -> None:
    for id_ in ("Notify", "Archive"):
        (policy,) = [
            each for name, each in of_type(template, "AWS::IAM::Policy").items() if f"{id_}CircuitPolicy" in name
        ]
        listing, switching = statements(policy)
        assert (actions(listing), listing["Resource"]) == (["lambda:ListEventSourceMappings"], "*")
        assert actions(switching) == ["lambda:ListTags", "lambda:TagResource", "lambda:UpdateEventSourceMapping"]
        assert re.search(rf'"Ref": "{id_}Mapping\w+"', json.dumps(switching["Resource"]))


def test_one_closer_looks_after_every_mapping_once_a_minute(template: dict[str, Any]) -> None:
    rules = of_type(template, "AWS::Events::Rule").values()
    closers = {target(rule["Properties"]["Targets"][0]["Arn"]) for rule in rules}
    assert len(rules) == 2 and len(closers) == 1
    for rule in rules:
        assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
        assert '"cool_down_seconds":120' in json.dumps(rule["Properties"]["Targets"][0]["Input"]).replace("\\", "")
    functions = of_type(template, "AWS::Lambda::Function")
    told = [each["Properties"]["Environment"]["Variables"] for id_, each in functions.items() if id_ not in closers]
    assert [each["FANOUT_CIRCUIT_FAILURES"] for each in told] == ["7", "7"]


@pytest.mark.parametrize(("breaker", "files"), [(CircuitBreaker(), ("circuit_breaker.py",)), (None, ())])
def test_its_half_of_the_runtime_is_in_the_zip_of_a_task_that_has_one_alone(
    breaker: CircuitBreaker | None, files: tuple[str, ...]
) -> None:
    assert beside(cast(Host, SimpleNamespace(circuit_breaker=breaker, attachments=None))) == files


@pytest.mark.long
def test_our_checks_and_cfn_lint_have_nothing_to_say(template: dict[str, Any]) -> None:
    assert [each for each in check_template(template) if not each.acknowledged] == []
    assert linted(json.dumps(template)) == []


@pytest.mark.parametrize(
    ("breaker", "line"),
    [
        (CircuitBreaker(failures=1), "subscriber Sync: circuit_breaker.failures is 1: expected 2 to 1000"),
        (
            CircuitBreaker(cool_down=timedelta(seconds=30)),
            "subscriber Sync: circuit_breaker.cool_down is 0:00:30: expected one minute to one day",
        ),
    ],
)
def test_a_wrong_breaker_is_refused(breaker: CircuitBreaker, line: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        breaker.validate("subscriber Sync")
    assert str(raised.value) == line
