"""What an alarm says: short enough for CloudWatch, with commands that exist, an anchor that exists, and an owner."""

import re
import shlex
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template as Synthesized

from fanout.cli.main import command as fanout
from fanout.constructs.alarms.runbook import OPERATIONS, RUNBOOKS
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from tests.infra.reading import Template, of_type
from tests.places import REPOSITORY

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:OrderPlaced"
GIVEN_BY_AWS = {
    "AWS::Region": "ap-southeast-1",
    "LogGroup": "OrderEvents-staging-ArchiveOrderLogGroup12345678-0123456789AB",
}


def descriptions(template: Template) -> dict[str, str]:
    """As CloudFormation fills them in."""
    alarms = of_type(template, "AWS::CloudWatch::Alarm") | of_type(template, "AWS::CloudWatch::CompositeAlarm")
    return {id_: _filled(each["Properties"]["AlarmDescription"]) for id_, each in alarms.items()}


def _filled(value: Any) -> str:
    if isinstance(value, str):
        return value
    parts = value["Fn::Join"][1]
    return "".join(
        part if isinstance(part, str) else GIVEN_BY_AWS.get(part["Ref"], GIVEN_BY_AWS["LogGroup"]) for part in parts
    )


def test_every_alarm_says_what_it_means_what_to_do_where_to_look_and_whose_it_is(template: Template) -> None:
    found = descriptions(template)
    assert found
    for id_, text in found.items():
        first, *lines = text.split("\n")
        assert re.match(r"[a-z_]+: [a-zL].*\.$", first), first
        assert len(text) <= 1024
        assert [line for line in lines if line.startswith("$ fanout ")]
        assert lines[-1] == "Owner: orders team"
        if re.match(r"NotifyPartner", id_):
            assert first.startswith("notify_partner: ")
            (link,) = [line for line in lines if line.startswith("Log: ")]
            assert " " not in link.removeprefix("Log: ")
            assert link.endswith(f"~source~(~'{GIVEN_BY_AWS['LogGroup']}))")


def test_the_commands_exist_and_take_these_words(template: Template) -> None:
    for text in descriptions(template).values():
        for line in re.findall(r"^\$ (fanout .*)$", text, re.MULTILINE):
            _, *words = shlex.split(line)
            command: Any = fanout
            while hasattr(command, "commands"):
                command = command.commands[words.pop(0)]
            command.make_context(command.name, words)  # raises for a word it does not know


def test_each_alarm_leads_to_its_own_section(template: Template) -> None:
    for id_, text in descriptions(template).items():
        (anchor,) = re.findall(rf"^Runbook: {re.escape(OPERATIONS)}#([a-z-]+)$", text, re.MULTILINE)
        assert anchor in RUNBOOKS
        assert anchor.title().replace("-", "") in id_


def test_every_section_is_written() -> None:
    headings = re.findall(r"^#+ (.+)$", (REPOSITORY / OPERATIONS).read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    assert set(RUNBOOKS) <= anchors


def subscriber(name: str = "Team", **arguments: Any) -> Template:
    stack = cdk.Stack(cdk.App(), name)
    topic = Topic.from_arn(stack, "Topic", TOPIC_ARN, settings=settings.DEV)
    Subscriber(stack, "SyncCrm", topic=topic, task="archive_order", **arguments)
    return dict(Synthesized.from_stack(stack).to_json())


def test_a_subscriber_may_have_an_owner_of_its_own() -> None:
    for text in descriptions(subscriber(owner="CRM team")).values():
        assert text.endswith("Owner: CRM team")


def test_every_command_names_the_stack_as_whoever_is_woken_may_be_in_no_apps_folder(template: Template) -> None:
    for name, of in ((r"OrderEvents-\w+", template), ("Team", subscriber())):
        lines = [line for text in descriptions(of).values() for line in text.split("\n") if line.startswith("$ ")]
        assert lines and all(re.search(f" --stack {name}$", line) for line in lines)


def test_what_would_not_fit_is_refused() -> None:
    line = r"alarm dead-letter of archive_order: its description has \d+ characters: expected at most 1024"
    with pytest.raises(ConfigurationError, match=line):
        subscriber(owner="x" * 600)


@pytest.mark.parametrize(
    ("setting", "value"), [("owner", ""), ("owner", "x" * 61), ("alarms", "all"), ("expected_hours", (19, 7)), ("expected_hours", (7, 25))]
)  # fmt: skip
def test_bad_settings_are_named(setting: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"settings dev: {setting} is "):
        replace(settings.DEV, **{setting: value}).validate()
