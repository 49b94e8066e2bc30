"""A pause or a resume that AWS refuses in the middle: what may be half done is said, and the same command goes on."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.pause import switch
from tests.unit.lambdas.lambda_ import Lambda, refused

Act = Callable[[DeployedSubscriber, Journal], object]


class NoSleep(Stop):
    def sleep(self, seconds: float) -> None:
        pass


def pause(subscriber: DeployedSubscriber, journal: Journal) -> None:
    switch.pause(subscriber, "it crashes", "arn:aws:iam::1:user/me", journal, NoSleep())


def resume(subscriber: DeployedSubscriber, journal: Journal) -> None:
    switch.resume(subscriber, journal, NoSleep())


def subscriber(mapping: Any) -> DeployedSubscriber:
    aws: Any = SimpleNamespace(functions=mapping)
    return DeployedSubscriber(aws, "Task", "task", "https://sqs/1/queue", "https://sqs/1/dead", "f")


@pytest.mark.parametrize(
    ("act", "operation", "state", "is_tagged"),
    [
        (pause, "untag", "Enabled", True),
        (pause, "off", "Enabled", True),
        (resume, "on", "Disabled", True),
        (resume, "get", "Disabled", True),
    ],
)
def test_what_is_refused_in_the_middle_is_said_with_what_to_do(
    act: Act, operation: str, state: str, is_tagged: bool, tmp_path: Path
) -> None:
    denied = {operation}

    def called(name: str) -> None:
        if name in denied:
            raise refused("AccessDeniedException", name)

    mapping = Lambda(called=called)
    if act is resume:
        mapping.state, mapping.tags = "Disabled", {names.PAUSED_TAG: "now by me = it crashes"}
    journal = Journal(tmp_path / "j.jsonl", "arn:me", "pause", "me@here")
    word = act.__name__
    with pytest.raises(OpsError) as said:
        act(subscriber(mapping), journal)
    assert str(said.value).startswith(
        f"task: the {word} stopped before its end (these credentials may not {operation}: "
    )
    assert str(said.value).endswith(
        f"perhaps it is half done; fanout status says how it is, and fanout {word} task goes on"
    )
    assert (mapping.state, names.PAUSED_TAG in mapping.tags) == (state, is_tagged)
    denied.clear()
    act(subscriber(mapping), journal)
    assert (mapping.state == "Disabled", names.PAUSED_TAG in mapping.tags) == (act is pause, act is pause)


def test_an_answer_that_is_lost_after_the_switch_is_no_pause_that_could_not_begin(tmp_path: Path) -> None:
    mapping = Lambda()
    switched = mapping.update_event_source_mapping

    def lost(**asked: Any) -> None:
        switched(**asked)
        raise ReadTimeoutError(endpoint_url="https://lambda")

    vars(mapping)["update_event_source_mapping"] = lost
    journal = Journal(tmp_path / "j.jsonl", "arn:me", "pause", "me@here")
    with pytest.raises(OpsError, match=r"^task: the pause stopped before its end \(AWS did not answer: .*half done"):
        pause(subscriber(mapping), journal)
    assert mapping.state == "Disabled"
    assert [each["step"] for each in journal.read()] == ["pausing"]


@pytest.mark.parametrize(("act", "operation"), [(pause, "list"), (pause, "tag"), (resume, "list"), (resume, "untag")])
def test_what_is_refused_before_anything_was_changed_is_what_aws_says(act: Act, operation: str, tmp_path: Path) -> None:
    def called(name: str) -> None:
        if name == operation:
            raise refused("AccessDeniedException", name)

    mapping = Lambda(called=called)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        act(subscriber(mapping), Journal(tmp_path / "j.jsonl", "arn:me", "pause", "me@here"))
    assert (mapping.state, mapping.tags) == ("Enabled", {})
