"""What an operator sees of an intake, and brings back; no answer is read, shown or noted."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fanout import names
from fanout.cli.intake import retry as retry_command
from fanout.cli.intake import status as status_command
from fanout.cli.main import command
from fanout.errors import OpsError, UserError
from fanout.intake import store
from fanout.ops import intake
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from tests.unit.intake.conftest import figures as figures
from tests.unit.intake.conftest import world as world
from tests.unit.intake.entries import World
from tests.unit.intake.test_relay import fill_in, published, stream, sweep

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Intake-prod/1"


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stack:
    monkeypatch.setenv(names.HOME, str(tmp_path))
    aws = cast(Aws, SimpleNamespace(dynamodb=world.table, caller="arn:aws:iam::123456789012:user/me", is_aws=True))
    made = Stack(aws, "Intake-prod", ARN, "CREATE_COMPLETE", {names.INTAKE_TABLE_OUTPUT: "entries"}, ())
    for module in (status_command, retry_command):
        monkeypatch.setattr(module, "connect", lambda target: made)
    monkeypatch.setattr(intake, "datetime", SimpleNamespace(now=lambda zone: _at(world.now), fromtimestamp=_at))
    return made


def _at(seconds: float, zone: Any = None) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


def poisoned(world: World) -> str:
    world.topic.poison = {"canary"}
    reference = fill_in(world, "canary")
    stream(world)
    for _ in range(store.MOST_TRIES - 1):
        world.now += 121
        sweep()
    return reference


def run(*words: str) -> int:
    return int(command.main(list(words), standalone_mode=False) or 0)


def test_it_counts_what_waits_and_says_for_how_long(
    world: World, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("intake", "status") == 0
    assert capsys.readouterr().out == "nothing waits: all that was stored is emitted\n"
    for number in range(130):
        fill_in(world, "canary" if number else "A question", "note" if number else "contact")
    world.now += 240
    assert run("intake", "status") == 0
    assert "130 entries wait, the oldest for 4 min" in (told := capsys.readouterr().out)
    world.now += 120
    assert run("intake", "status", "--json") == 1
    found = json.loads(as_json := capsys.readouterr().out)
    assert (found["waiting"], found["by_group"]) == (130, {"contact": 1, "note": 129})
    assert "canary" not in told + as_json


def test_what_is_refused_is_listed_and_brought_back(
    world: World, stack: Stack, figures: object, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = poisoned(world)
    assert run("intake", "status") == 1
    assert bad in (told := capsys.readouterr().out)
    assert "InvalidParameter" in told
    assert run("intake", "retry", bad, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"would": "retry", "references": [bad]}
    assert list(tmp_path.iterdir()) == []
    assert run("intake", "retry", bad, "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"retried": [bad]}
    world.topic.poison = set()
    world.now += 121
    sweep()
    assert published(world) == [bad]
    assert run("intake", "status") == 0
    (journal,) = tmp_path.iterdir()
    steps = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [each["step"] for each in steps] == ["begin", "retrying", "retried"]
    assert "canary" not in journal.read_text() + told + capsys.readouterr().out


def test_all_are_brought_back_and_one_that_is_no_longer_refused_is_left(
    world: World, stack: Stack, figures: object
) -> None:
    bad = poisoned(world)
    found = intake.look(stack).refused
    journal = Journal.open(stack, "intake retry")
    assert [each.reference for each in intake.retry(stack, found, journal, Stop())] == [bad]
    assert intake.retry(stack, found, journal, Stop()) == []
    asked = Stop()
    asked.asked = True
    assert intake.retry(stack, found, journal, asked) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "which entries? give a reference of fanout intake status, or --all"),
        (["x", "--all"], "which entries? give a reference of fanout intake status, or --all"),
        (["nobody"], "nobody is not refused: fanout intake status lists those that are"),
    ],
)
def test_what_cannot_be_brought_back_is_one_line(stack: Stack, words: list[str], told: str) -> None:
    with pytest.raises(UserError) as refused:
        run("intake", "retry", *words, "--yes")
    assert str(refused.value) == told


def test_the_stack_is_the_one_beside_the_fan_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def find(aws: Aws, name: str) -> Stack:
        asked.append(name)
        return Stack(aws, name, ARN, "", {names.INTAKE_TABLE_OUTPUT: "t"} if "Intake" in name else {}, ())

    monkeypatch.setattr(intake, "find", find)
    nobody = cast(Aws, None)
    assert intake.stack_of(nobody, "OrderEvents-local").name == "OrderEventsIntake-local"
    assert intake.stack_of(nobody, "TheirIntake-prod").name == "TheirIntake-prod"
    with pytest.raises(OpsError, match="Others-prod has no output IntakeTableName: give --stack"):
        intake.stack_of(nobody, "Others-prod")
