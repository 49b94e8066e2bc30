"""What `fanout cost` says of a setting is the difference between two synths, one with it and one without."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.aws_logs import RetentionDays

from fanout.batching import BATCHING
from fanout.constructs.settings import Encryption
from fanout.costs.model import monthly
from fanout.costs.switches import switches
from stacks import settings
from stacks.order_events_stack import OrderEventsStack
from stacks.order_settings import OrderSettings
from tests.infra.conftest import cdk_context

pytestmark = pytest.mark.long

EVENTS = 1_000_000
TURNED: dict[str, dict[str, Any]] = {
    "alarms": {"alarms": "essential"},
    "batching": {"batching": "cost"},
    "encryption": {"encryption": Encryption.SQS_MANAGED},
    "heartbeat": {"heartbeat": None},
    "log_retention": {"log_retention": RetentionDays.ONE_MONTH},
    "metrics": {"metrics": "full"},
    "tracing": {"tracing": "active"},
}


def made(folder: Path, entry: OrderSettings) -> dict[str, Any]:
    app = cdk.App(context=cdk_context(), outdir=str(folder), builtin_cloud_formation_validation=False)
    OrderEventsStack(app, "Orders", settings=entry)
    app.synth()
    template: dict[str, Any] = json.loads((folder / "Orders.template.json").read_text())
    return template


@pytest.mark.parametrize("setting", TURNED)
def test_a_switch_says_what_the_setting_does_to_the_bill(setting: str, tmp_path: Path) -> None:
    now = made(tmp_path / "now", settings.PROD)
    then = made(tmp_path / "then", replace(settings.PROD, **TURNED[setting]))
    told = {each.setting: each for each in switches(now, events_per_month=EVENTS, batching=BATCHING)}
    before, after = (monthly(each, events_per_month=EVENTS).total for each in (now, then))
    assert told[setting].dollars == pytest.approx(after - before, abs=0.001)
