"""What a stack has one of: whom its alarms tell, and who holds its keys. Lines that say it otherwise are refused, whichever is first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from fanout.constructs.direct import Direct
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.monitoring import Monitoring
from fanout.constructs.settings import Encryption, Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.alarms_of import TOPIC_ARN

TASKS = {"Archive": "archive_order", "Notify": "notify_partner"}


def made(entries: Sequence[tuple[str, Settings]]) -> cdk.Stack:
    stack = cdk.Stack(cdk.App(), "Team")
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=settings.PROD)
    for id_, entry in entries:
        Subscriber(stack, id_, topic=topic, task=TASKS[id_], settings=entry)
    Monitoring(stack, "Watch", topic=topic)
    return stack


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("setting", "value"), [("alarm_recipients", ("crm@example.com",)), ("encryption", Encryption.SQS_MANAGED)]
)
def test_another_value_is_one_line_that_names_both(setting: str, value: Any, first: int) -> None:
    lines = [("Archive", settings.PROD), ("Notify", replace(settings.PROD, **{setting: value}))]
    with pytest.raises(ConfigurationError) as refused:
        made([lines[first], lines[not first]])
    line = str(refused.value)
    assert line.startswith(f"settings prod: {setting} is ") and "say the same at both" in line and "\n" not in line
    for id_, entry in lines:
        assert f"{getattr(entry, setting)} at {id_}" in line


def test_records_have_one_key_also_where_there_is_no_queue() -> None:
    entry = replace(settings.PROD, encryption=Encryption.SQS_MANAGED)
    stack = made([("Archive", settings.PROD)])
    topic = Topic.from_arn(stack, "Again", TOPIC_ARN, settings=entry)
    with pytest.raises(ConfigurationError, match="encryption is Encryption.SQS_MANAGED at Purge and"):
        Subscriber(stack, "Purge", topic=topic, task="notify_partner", compute=Direct(drop_is_ok="a page is stale"))


def test_settings_that_differ_in_what_each_has_for_itself_are_no_matter() -> None:
    assert made([("Archive", settings.PROD), ("Notify", replace(settings.PROD, owner="CRM team", max_concurrency=2))])
