"""A redrive is written down while it goes on: any program reads how far it is, and goes on where another was killed."""

import json
from pathlib import Path

import pytest

from fanout.errors import OpsError
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive import runner
from fanout.ops.redrive.frozen import freeze, thawed
from fanout.ops.redrive.held import held, is_held
from fanout.ops.redrive.runner import Plan, Result
from fanout.ops.redrive.stories import Stories, Story
from fanout.ops.redrive.written import carry_out, open_journal, write_frozen
from tests.unit.ops.given import World, world
from tests.unit.ops.test_redrive import Outcomes

__all__ = ["world"]


class Killed(BaseException):
    """What no program outlives."""


def frozen(world: World) -> str:
    """A dry run of everything, by its number."""
    journal = open_journal(world.stack, ["task"], Selection(), dry_run=True)
    write_frozen(journal, world.subscriber, freeze(world.subscriber, Selection(), journal))
    return journal.run


def carried_out(world: World, dry: str, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr(runner, "OutcomeWatcher", lambda _: outcomes)
    journal = open_journal(world.stack, ["task"], Selection(), frozen=dry)
    plan = Plan(Selection(), rate=1e9, patience=0.0)
    found = thawed(world.subscriber, journal, dry)
    return carry_out(world.subscriber, journal, plan, found, lambda *_: None, Stop(), of=dry)


def story(world: World, dry: str, stories: Stories | None = None) -> Story:
    found = (stories or Stories(Journal.of(world.stack).path)).story(dry)
    assert found
    return found


def test_what_failed_again_and_the_end_are_in_the_journal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(30)
    dry = frozen(world)
    carried_out(world, dry, Outcomes(lambda number: "failed" if number == 4 else "done"), monkeypatch)
    told = story(world, dry)
    run = told.of("task")
    assert run and run.end and run.end["failed_again"] == 1 and "1 failed again" in run.end["stopped"]
    assert [each["error"] for each in run.failed.values()] == ["it answered 503"]
    assert [line for _, line in run.lines][:2] == ["canary: 1 sent, waiting for its outcome", "canary done"]
    (selected,) = told.selected
    assert (len(selected.letters), selected.moved, selected.sent) == (30, 30, 30)


def test_killed_in_the_middle_another_reads_how_far_it_came_and_goes_on_with_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bury(100)
    dry = frozen(world)
    stories = Stories(Journal.of(world.stack).path)

    def dies(number: int) -> str | None:
        if number == 20:
            raise Killed
        return "done"

    with pytest.raises(Killed):
        carried_out(world, dry, Outcomes(dies), monkeypatch)
    told = story(world, dry, stories)
    run = told.of("task")
    assert run and run.end is None and 20 <= told.selected[0].moved < 100 and not is_held(dry)
    world.bury(5, begin=200)  # died later: not in it
    world.clock.wait(120)
    result = carried_out(world, dry, Outcomes(lambda _: "done"), monkeypatch)
    assert result.is_well and sorted(world.sent()) == sorted(f"e{number}" for number in range(100))
    told = story(world, dry, stories)
    assert told.selected[0].moved == 100 and len(told.runs) == 2
    assert len(thawed(world.subscriber, Journal.of(world.stack), dry)) == 0


def test_two_cannot_carry_out_the_same_dry_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bury(3)
    dry = frozen(world)
    with held(dry):
        assert is_held(dry)
        with pytest.raises(OpsError, match="carried out by another program or page"):
            carried_out(world, dry, Outcomes(lambda _: "done"), monkeypatch)
    assert not world.sent() and not is_held(dry)


def test_what_failed_and_was_done_after_all_has_not_failed(world: World, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path, "me", "dead redrive", "me@here")
    stories = Stories(path)
    journal.write("begin", task="task")
    journal.write("failed again", **{"as": "s1"}, error="x")
    run = stories.run(journal.run)
    assert run and list(run.failed) == ["s1"]
    journal.write("done after all", **{"as": "s1"})
    run = stories.run(journal.run)
    assert run and not run.failed


@pytest.mark.parametrize(
    "line", ["[]", "null", '{"step": {}}', '{"step":"frozen","letters":7}', '{"run":[1]}', "\xff{"]
)
def test_lines_that_are_none_of_ours_harm_nothing(tmp_path: Path, line: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(line + "\n", "latin-1")
    stories = Stories(path)
    stories.runs()
    journal = Journal(path, "me", "dead redrive", "me@here")
    journal.write("begin", task="task")
    assert journal.run in [each.id for each in stories.runs()]
    assert [each["step"] for each in stories.lines(journal.run)] == ["begin"]


def test_a_line_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = json.dumps({"run": "r1", "step": "begin", "at": "1", "task": "task"}) + "\n"
    path.write_text(whole[:20])
    stories = Stories(path)
    assert stories.runs() == []
    path.write_text(whole)
    assert [each.task for each in stories.runs()] == ["task"]
    path.write_text("")  # begun anew
    assert stories.runs() == []
