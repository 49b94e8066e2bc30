"""Traces are a choice of settings, or of one subscriber, and what nobody traces is granted and linked nowhere."""

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.aws_sns import TracingConfig

from fanout.constructs import ConfigurationError, Heartbeat, Monitoring, Settings, Subscriber, Topic, Worker
from fanout.diff.compare import compare
from fanout.template.template import Template
from tests.infra.conftest import cdk_context
from tests.infra.reading import of_type

PROD = Settings.production("prod", owner="orders team", alarm_recipients=("orders@example.com",))
ACTIVE = replace(PROD, tracing="active")


def made(folder: Path, settings: Settings = PROD, **arguments: Any) -> dict[str, Any]:
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Orders")
    topic = Topic(stack, "OrderPlaced", settings=settings)
    Subscriber(stack, "Archive", topic=topic, task="archive_order", **arguments)
    Subscriber(stack, "Other", topic=topic, task="archive_order")
    Heartbeat(stack, "Heartbeat", topic=topic)
    Monitoring(stack, "Watch", topic=topic)
    app.synth()
    template: dict[str, Any] = json.loads((folder / "Orders.template.json").read_text())
    return template


def modes(template: dict[str, Any]) -> dict[str, str]:
    functions = of_type(template, "AWS::Lambda::Function").items()
    return {id_.partition("Function")[0]: each["Properties"]["TracingConfig"]["Mode"] for id_, each in functions}


def topic_of(template: dict[str, Any]) -> dict[str, Any]:
    found = of_type(template, "AWS::SNS::Topic").items()
    properties: dict[str, Any] = next(each["Properties"] for id_, each in found if id_.startswith("OrderPlaced"))
    return properties


def dashboard(template: dict[str, Any]) -> str:
    (found,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    return json.dumps(found)


def test_production_hands_traces_on_and_makes_none(tmp_path: Path) -> None:
    template = made(tmp_path)
    assert modes(template) == {"Archive": "PassThrough", "Other": "PassThrough"}
    assert topic_of(template)["TracingConfig"] == "PassThrough"
    assert "xray" not in json.dumps(template).lower()


def test_one_word_traces_topic_and_functions(tmp_path: Path) -> None:
    template = made(tmp_path, ACTIVE)
    assert set(modes(template).values()) == {"Active"} and topic_of(template)["TracingConfig"] == "Active"
    assert (
        of_type(template, "AWS::XRay::ResourcePolicy") and json.dumps(template).count("xray:PutTelemetryRecords") == 2
    )
    assert "#xray:service-map" in dashboard(template) and dashboard(template).count("< 3600") == 2


def test_one_subscriber_is_traced_alone_and_its_cost_is_shown(tmp_path: Path) -> None:
    template = made(tmp_path, tracing="active")
    assert modes(template) == {"Archive": "Active", "Other": "PassThrough"}
    assert topic_of(template)["TracingConfig"] == "PassThrough"
    assert "#xray:service-map" in dashboard(template) and dashboard(template).count("< 3600") == 1


def test_a_worker_is_no_function_and_cannot_be_traced(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="subscriber Archive: tracing is of a function, and it runs on"):
        made(tmp_path, replace(PROD, workers="elsewhere"), compute=Worker(), tracing="active")


def test_the_topics_own_setting_is_told_to_go_and_works_for_one_version(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="write tracing='active' or 'pass-through', of topic and functions"):
        old = replace(PROD, topic_tracing=TracingConfig.ACTIVE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        template = made(tmp_path, old)
    assert topic_of(template)["TracingConfig"] == "Active" and set(modes(template).values()) == {"PassThrough"}


@pytest.mark.long
def test_a_deployment_that_ends_traces_is_called_that_and_is_no_danger(tmp_path: Path) -> None:
    active, quiet = (Template(made(tmp_path / name, each)) for name, each in (("a", ACTIVE), ("b", PROD)))
    ended, begun = compare(active, quiet), compare(quiet, active)
    assert not [each for each in ended + begun if each.danger]
    assert {each.kind for each in ended} >= {"traces-end"} and "statement-lost" not in {each.kind for each in ended}
    begins = {each.path for each in begun if each.kind == "traces-begin"}
    assert begins == {"Archive/Function", "Other/Function", "OrderPlaced/Topic"}
