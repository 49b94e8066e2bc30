"""The runbook's first step to retire a subscriber is one that a synth takes."""

import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Acknowledgment, Validations
from aws_cdk.assertions import Template

from fanout.constructs import App, FanoutStack, Subscriber, Topic
from stacks.settings import DEV
from tests.places import REPOSITORY

pytestmark = pytest.mark.long

STEP = re.compile(r"^\*\*1\. No more events\.\*\*.*?^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_a_filter_that_no_event_passes_is_synthesized_as_the_runbook_writes_it(tmp_path: Path) -> None:
    found = STEP.search((REPOSITORY / "docs" / "operations.md").read_text())
    assert found
    app = App(outdir=str(tmp_path))
    stack = FanoutStack(app, "Team", settings=DEV)
    topic = Topic(stack, "OrderPlaced", settings=DEV)

    def call_that_is_there(*_: object, only: dict[str, Any]) -> Subscriber:
        return Subscriber(stack, "ArchiveOrder", topic=topic, task="archive_order", only=only)

    known = {"Subscriber": call_that_is_there, "Acknowledgment": Acknowledgment, "Validations": Validations}
    exec(found[1], known)  # noqa: S102
    app.synth()
    (subscription,) = Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    assert subscription["Properties"]["FilterPolicy"] == {"type": ["retired"]}
