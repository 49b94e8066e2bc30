"""Two operators at once, killed anywhere: every event is in a queue, in a file, or done, and none is done twice."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanout.errors import UserError
from fanout.ops.dead_letters import edit as editing
from fanout.ops.dead_letters import export as exporting
from fanout.ops.dead_letters import show as showing
from fanout.ops.dead_letters.browse import VISIBILITY
from fanout.ops.dead_letters.drop import Drop
from fanout.ops.dead_letters.importing import COMMAND, ImportFile, import_messages
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.redrive import runner
from fanout.ops.redrive.frozen import freeze
from fanout.ops.redrive.runner import Plan, RedriveRun
from tests.examples import examples
from tests.unit.ops.given import World, event
from tests.unit.ops.test_redrive import Outcomes

LETTERS = 12
COMMANDS = ("redrive", "redrive one", "edit", "drop", "drop one", "export", "import")


@dataclass(frozen=True)
class Step:
    """`cut`: what happens at the SQS call of this number: a kill before or after it, or an answer that is lost.

    `other`: what the other operator does meanwhile, from its first call to its last. `pause`: seconds until the next step.
    """

    command: str
    letter: int
    operator: str
    cut: tuple[int, str] | None
    other: tuple[int, str] | None
    pause: int


STEPS = st.builds(
    Step,
    st.sampled_from(COMMANDS),
    st.integers(0, LETTERS - 1),
    st.sampled_from(["me", "you"]),
    st.none() | st.tuples(st.integers(1, 25), st.sampled_from(["killed before", "killed after", "no answer"])),
    st.none() | st.tuples(st.integers(1, 10), st.sampled_from(COMMANDS)),
    st.sampled_from([0, 90]),
)


class Shift:
    """What two operators do in one night; the task works off its queue between the steps, each event once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.done: Counter[str] = Counter()
        self.sent: list[str] = []
        self.files = 0
        self.stalled = False
        """A request took longer than a lease: nobody can take it back then."""

    def run(self, step: Step) -> None:
        count = 0

        def around(when: str, operation: str, asked: dict[str, Any]) -> None:
            nonlocal count
            count += when == "before"
            if step.other and when == "before" and count == step.other[0]:
                self.world.sqs.around = lambda *_: None
                began = self.world.clock()
                self._command(step.other[1], step.letter, "you" if step.operator == "me" else "me")
                self.world.sqs.around = around
                self.stalled = self.stalled or self.world.clock() - began >= VISIBILITY - 10
            if step.cut and count == step.cut[0]:
                if step.cut[1] == f"killed {when}":
                    raise KeyboardInterrupt
                if step.cut[1] == "no answer" and when == "after":
                    raise ReadTimeoutError(endpoint_url="https://sqs")

        self.world.sqs.around = around
        self._command(step.command, step.letter, step.operator)
        self.world.sqs.around = lambda *_: None
        self.world.clock.wait(step.pause)
        self.work()

    def work(self) -> None:
        """The task skips an event that it has completed."""
        for message in self.world.sqs.take(self.world.queue):
            id_ = json.loads(message.body)["id"]
            self.sent.append(id_)
            self.done[id_] += not self.done[id_]

    def lost(self) -> set[str]:
        kept = {json.loads(each)["id"] for each in self.world.sqs.bodies(self.world.dead)}
        waiting = {json.loads(each)["id"] for each in self.world.sqs.bodies(self.world.queue)}
        return {event(number)["id"] for number in range(LETTERS)} - kept - waiting - self._in_files() - self.done.keys()

    def _command(self, command: str, letter: int, operator: str) -> None:
        with suppress(KeyboardInterrupt, UserError, ClientError, BotoCoreError):
            _COMMANDS[command.split()[0]](self, letter, operator, " one" in command)

    def _redrive(self, letter: int, operator: str, one: bool) -> None:
        selection, journal = self._selection(letter, one), self.world.journal(operator=operator)
        found = freeze(self.world.subscriber, selection, journal)
        plan = Plan(selection, rate=1e9, patience=0.0)
        RedriveRun(self.world.subscriber, journal, plan, found, lambda *_: None, Stop()).run()

    def _edit(self, letter: int, operator: str, one: bool) -> None:
        found = showing.look_for(self.world.subscriber, f"e{letter}").message
        if found is not None:
            changed = editing.check_edit(self.world.subscriber, found, event(letter, source="/shops/rome"))
            editing.send_edited(
                self.world.stack, self.world.subscriber, changed, self.world.journal(operator=operator), "x"
            )

    def _drop(self, letter: int, operator: str, one: bool) -> None:
        journal = self.world.journal("dead drop", operator)
        Drop(self.world.stack, self.world.subscriber, self._selection(letter, one), journal, "x").run(Stop())

    def _export(self, letter: int, operator: str, one: bool) -> None:
        self.files += 1
        path = self.world.folder / f"exported-{self.files}.jsonl"
        exporting.export(self.world.stack, self.world.subscriber, path, Stop())

    def _import(self, letter: int, operator: str, one: bool) -> None:
        for path in self._dropped():
            import_messages(ImportFile(path, self.world.stack), self.world.journal(COMMAND, operator), Stop())

    def _selection(self, letter: int, one: bool) -> Selection:
        return Selection(ids=(f"e{letter}",)) if one else Selection()

    def _dropped(self) -> list[Path]:
        return sorted(self.world.folder.glob("dropped-*.jsonl"))

    def _in_files(self) -> set[str]:
        return {
            json.loads(json.loads(line)["body"])["id"]
            for path in self._dropped()
            for line in path.read_text().splitlines()
        }


_COMMANDS: dict[str, Callable[[Shift, int, str, bool], None]] = {
    "redrive": Shift._redrive,
    "edit": Shift._edit,
    "drop": Shift._drop,
    "export": Shift._export,
    "import": Shift._import,
}


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_whatever_two_operators_do_no_event_is_lost_and_none_is_done_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        world = World(monkeypatch, tmp_path_factory.mktemp("night"))
        monkeypatch.setattr(runner, "OutcomeWatcher", lambda _: Outcomes(lambda number: "done"))
        monkeypatch.setattr(editing, "read_subscriptions", lambda _: [])
        world.bury(LETTERS)
        shift = Shift(world)
        for step in steps:
            shift.run(step)
            assert shift.lost() == set()
        if not shift.stalled and not any(step.cut or "import" in (step.command, *(step.other or ())) for step in steps):
            assert len(shift.sent) == len(set(shift.sent))  # nothing even goes twice
        world.clock.wait(90)
        for operator in ("me", "you"):  # what was cut is gone on with: the same commands once more
            for command in ("redrive", "import", "redrive"):
                shift.run(Step(command, 0, operator, None, None, 90))
        assert shift.lost() == set() and set(shift.done.values()) <= {1}
        assert set(shift.done) == {event(number)["id"] for number in range(LETTERS)}
        assert not world.sqs.queue(world.dead).messages
