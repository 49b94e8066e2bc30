"""What a subscriber says of archived events stands on its queue, and nowhere where it says nothing."""

from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from fanout.constructs import ConfigurationError, Direct, OperatorPolicies, Subscriber, Topic
from stacks import settings
from tests.infra.conftest import cdk_context


def made(*, policy: bool = True, **more: Any) -> dict[str, Any]:
    """The resources of a stack with one task."""
    stack = cdk.Stack(cdk.App(context=cdk_context()), "Stack")
    topic = Topic(stack, "Orders", settings=settings.DEV)
    subscriber = Subscriber(stack, "SendReceipt", topic=topic, task="send_receipt", **more)
    assert subscriber.replayable is more.get("replayable", False)
    operators = OperatorPolicies(stack, "Operator", topic=topic)
    if policy:
        operators.replay.add_statements(cdk.aws_iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def tags(resources: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Those of replays, by the logical id of what has them."""
    found: dict[str, dict[str, str]] = {}
    for id_, each in resources.items():
        listed = each.get("Properties", {}).get("Tags", [])
        if isinstance(listed, list):
            ours = {
                tag["Key"]: tag["Value"] for tag in listed if tag["Key"] in ("fanout:replayable", "fanout:backfill")
            }
            found |= {id_: ours} if ours else {}
    return found


def test_it_is_a_tag_of_the_queue_alone() -> None:
    ((id_, said),) = tags(made(replayable=True, backfill=timedelta(days=30))).items()
    assert id_.startswith("SendReceiptQueue") and said == {"fanout:replayable": "true", "fanout:backfill": "30"}
    assert tags(made()) == {}


def test_only_where_there_is_a_backfill_it_may_be_noted() -> None:
    def may_tag(**more: Any) -> bool:
        return "sqs:TagQueue" in str(made(**more))

    assert may_tag(replayable=True, backfill=timedelta(days=1))
    assert not may_tag(replayable=True) and not may_tag(replayable=True, backfill=timedelta(days=1), policy=False)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"backfill": timedelta(days=30)}, "replayable=True beside it"),
        ({"replayable": True, "backfill": timedelta(hours=5)}, "whole days"),
        ({"replayable": True, "backfill": timedelta(days=0)}, "whole days"),
        ({"replayable": True, "compute": Direct(drop_is_ok="a cache")}, "Direct has none"),
    ],
)
def test_what_makes_no_sense_is_refused_at_synth(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        made(**more)
