"""An operator's night passes where every tool sees and does what it should; each that does not is named."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fanout import names
from fanout.ops.dead_letters import show, summary
from fanout.ops.status import report as status
from fanout.ops.timeline import timeline
from fanout.ops.verify import session
from fanout.ops.verify.result import Failed, NotShown, Skipped
from fanout.ops.verify.steps import healing
from tests.unit.ops.verify.world import World, denied


def night(monkeypatch: pytest.MonkeyPatch, home: Path, broken: str = "", **tools: Any) -> tuple[World, str]:
    """With status, where and dead list as given, and else as they are when all is well."""
    monkeypatch.setenv(names.HOME, str(home))
    monkeypatch.chdir(home)
    monkeypatch.setattr(healing, "PATIENCE", 2.0)
    world = World(monkeypatch, frozenset({broken} - {""}))
    world.clock.time = time.time()  # by which a redrive asks the log
    well: dict[str, Any] = {
        "report": lambda stack: SimpleNamespace(subscribers=[SimpleNamespace(task="bill", dead=1, problems=[])]),
        "for_stack": lambda stack, id_, since: [SimpleNamespace(task="bill", state="dead", said=str)],
        "collect": lambda stack, task, limit: [
            SimpleNamespace(groups=[SimpleNamespace(cause=SimpleNamespace(error_type="PermanentError"))], problem=None)
        ],
        "first": show.first,
        "find": lambda operator, name: world.stack,
    } | tools
    places = {"report": status, "for_stack": timeline, "collect": summary, "first": show, "find": healing}
    for name, tool in well.items():
        monkeypatch.setattr(places[name], name, tool)
    return world, healing.heal(world.verification())


def test_letters_are_seen_redriven_and_dropped_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world, said = night(monkeypatch, tmp_path)
    assert said.startswith("seen by status, where, dead list and dead show; redriven and done in ")
    assert said.endswith("; 1 dropped")
    assert world.sqs.bodies("https://sqs/1/bill-dead") == world.sqs.bodies("https://sqs/1/ship-dead") == []
    assert [each.suffix for each in tmp_path.iterdir()] == [".jsonl"]  # the journal alone


def refuse(*_: Any, **__: Any) -> Any:
    raise denied("DescribeStacks")


@pytest.mark.parametrize(
    ("tool", "broken", "said"),
    [
        ("report", lambda stack: SimpleNamespace(subscribers=[SimpleNamespace(task="bill", dead=0, problems=[])]), "fanout status counts no dead letter of bill"),
        ("for_stack", lambda stack, id_, since: [SimpleNamespace(task="bill", state="unknown", said=lambda: "no")], "fanout where says unknown of a dead letter of bill: no"),
        ("collect", lambda stack, task, limit: [SimpleNamespace(groups=[], problem="denied")], "fanout dead list has no cause PermanentError: denied"),
        ("first", lambda subscriber, id_: None, "fanout dead show does not find the dead letter"),
        ("find", refuse, "with the operator policies alone: these credentials may not"),
    ],
)  # fmt: skip
def test_a_tool_that_does_not_see_is_named(
    tool: str, broken: Callable[..., Any], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(Failed, match=said):
        night(monkeypatch, tmp_path, "", **{tool: broken})


def test_a_redriven_probe_that_fails_again_is_no_healing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="the redrive of one probe: the canary failed again"):
        night(monkeypatch, tmp_path, "fails")


def test_what_cannot_be_deleted_is_no_healing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the second subscriber: what was redriven at the first is gone from there."""
    made = World.__post_init__

    def keep(world: World) -> None:
        made(world)

        def fails(entry: dict[str, Any]) -> str | None:
            is_deletion = set(entry) == {"Id", "ReceiptHandle"}
            return "AccessDenied" if is_deletion and not world.sqs.bodies("https://sqs/1/bill-dead") else None

        world.sqs.fails = fails

    monkeypatch.setattr(World, "__post_init__", keep)
    with pytest.raises(Failed, match="ship: 0 of 1 probes could be dropped"):
        night(monkeypatch, tmp_path)


def test_without_operator_policies_or_a_session_with_them_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    monkeypatch.setattr(session, "limited", refuse_session)
    with pytest.raises(NotShown):
        healing.heal(world.verification())
    del world.stack.outputs[names.OPERATOR_READ_POLICY_ARN_OUTPUT]
    with pytest.raises(Skipped):
        healing.heal(world.verification())


def refuse_session(*_: Any, **__: Any) -> Any:
    raise NotShown("no session")
