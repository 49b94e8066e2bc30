"""What a further subscriber asks of the CDK's process: each question takes time in every synth."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from constructs import Construct
from jsii._kernel.providers.process import _NodeProcess

from benchmarks.peers import round_trips
from fanout.constructs.cdk_cache import path_of
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings

MOST = 34


def test_a_further_subscriber_asks_no_more_than_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Stack")
    topic = Topic.from_sns(sns.Topic(stack, "Topic", enforce_ssl=True), settings=settings.DEV)
    Subscriber(stack, "First", topic=topic, task="archive_order")
    monkeypatch.setattr(_NodeProcess, "send", round_trips.counted)
    before = round_trips.asked
    Subscriber(stack, "Further", topic=topic, task="send_receipt")
    assert 0 < round_trips.asked - before <= MOST


@pytest.mark.parametrize("id_", ["Plain", "With/Slash", "With--Dashes"])
def test_a_path_that_its_parent_tells_is_the_cdks_own(tmp_path: Path, id_: str) -> None:
    outer = Construct(cdk.Stack(cdk.App(outdir=str(tmp_path)), "Stack"), "Outer")
    inner = Construct(outer, id_)
    assert path_of(inner, outer, id_) == inner.node.path == path_of(inner)
