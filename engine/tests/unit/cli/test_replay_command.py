"""`fanout replay` as it is typed: whatever AWS says on the way, what was sent is told and written down."""

from typing import Any, cast

import pytest

from fanout.cli import aws_command
from fanout.cli import replay as command
from fanout.cli.main import main
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from tests.unit.ops.aws.sqs import refused
from tests.unit.ops.replay.given import World, world

__all__ = ["world"]


@pytest.mark.parametrize(("sends", "sent"), [(3, 6), (1, 0)])
def test_an_error_in_the_middle_tells_what_was_sent_and_ends_the_journal(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sends: int, sent: int
) -> None:
    for number in range(40):
        world.archive(number)
    cast(Any, world.aws).region = "eu-west-1"
    monkeypatch.setattr(aws_command, "Aws", lambda **_: world.aws)
    monkeypatch.setattr(aws_command, "find", lambda *_: world.stack)
    monkeypatch.setattr(command, "paused", lambda _: None)
    monkeypatch.setattr(Stop, "sleep", lambda *_: None)

    def refuse(when: str, operation: str, asked: object) -> None:
        if when == "before" and operation == "SendMessageBatch" and world.sqs.calls[operation] == sends:
            raise refused("ThrottlingException", operation)

    world.sqs.around = refuse
    monkeypatch.setattr("sys.argv", "fanout replay task --from 2026-01-01 --yes --stack Orders-prod".split())
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join("".join(capsys.readouterr()).split())
    assert ended.value.code == (1 if sent else 2) and "AWS is busy" in said and "Traceback" not in said
    assert (f"{sent} sent, {sent} seen done" in said and "34 not sent" in said) == bool(sent)
    *_, end = Journal.of(world.stack).read()
    assert (end["step"], end["sent"]) == ("end", sent) and end["stopped"].startswith("AWS is busy")
    assert len(world.sent()) == sent
