"""The order of events: one wave of faults after the other, each until nothing moves any more."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fanout.local.errors import LocalError
from fanout.local.wait import wait_until
from fanout.publisher import Event, EventPublisher
from tests.faults.ledger import Ledger
from tests.faults.plan import (
    AROUND,
    CRASH_ALWAYS,
    CRASHES,
    MIXED,
    POISON,
    RESTART,
    WORKERS,
    Cell,
    Fault,
    Plan,
    no_event,
    of_another_source,
)
from tests.faults.redriving import redrive_beside_poison
from tests.faults.run import FaultsRun
from tests.faults.strikes import Strike, strike
from tests.faults.workers import workers

QUIET_WITHIN = 90.0
STRUCK_WITHIN = 30.0
Struck = list[tuple[Cell, Event]]
Say = Callable[[str, int], None]
"""Hears what is going on, and how many events are through since it last heard."""


@dataclass
class Waves:
    run: FaultsRun
    ledger: Ledger
    plan: Plan
    say: Say

    def all(self) -> None:
        """Those of the faults that the plan has. In a turn each task has a fault of its own, at the same time."""
        self._wave("poison among dead letters", self.plan.of(POISON), self._poisoned)
        self._wave("what a task may raise, and what may be published", self.plan.of(*MIXED), self._mixed)
        for turn in self._turns(CRASHES):
            self._wave(f"crashes: {_told(turn)}", turn, self._publish)
        self._wave("a crash at every attempt", self.plan.of(CRASH_ALWAYS), self._publish)
        for turn in self._turns(AROUND):
            self._wave(f"around the functions: {_told(turn)}", turn, self._around)
        for turn in self._turns(WORKERS):
            self._wave(f"workers: {_told(turn)}", turn, self._workers)
        self._wave("the embedded AWS is killed", self.plan.of(RESTART), self._restart)

    @property
    def tasks(self) -> list[str]:
        return self.ledger.evidence.stack.tasks

    def _wave(self, name: str, struck: Struck, begin: Callable[[Struck], None]) -> None:
        if struck:
            self.say(name, 0)
            begin(struck)
            self._until_quiet(name)
            self.say(name, len(struck))

    def _turns(self, faults: Sequence[Fault]) -> Iterator[Struck]:
        for number in range(len(faults)):
            turn = {task: faults[(number + place) % len(faults)] for place, task in enumerate(self.tasks)}
            yield [(cell, event) for cell, event in self.plan.of(*faults) if turn.get(cell.task) == cell.fault]

    def _publish(self, struck: Struck) -> None:
        topic = EventPublisher(self.ledger.evidence.stack.topic_arn, session=self.run.connection.session)
        if failed := topic.publish_many([event for _, event in struck]).failed:
            raise LocalError(f"could not publish: {failed[0].reason}")

    def _mixed(self, struck: Struck) -> None:
        sqs = self.run.connection.session.client("sqs")
        for cell, event in struck:
            if cell.fault.name == "no-event":
                url = self.ledger.evidence.stack.subscriber(cell.task).queue_url
                sqs.send_message(QueueUrl=url, MessageBody=no_event(event))
        self._publish([each for each in struck if each[0].fault.name != "no-event"])
        self._publish([each for each in struck if each[0].fault.name == "duplicate"])
        twins = [each for each in struck if each[0].fault.name == "same-id"]
        self._publish([(cell, of_another_source(event)) for cell, event in twins])

    def _poisoned(self, struck: Struck) -> None:
        """Each dies at once; then all that the queue has is redriven. What cannot be read stays, and stops nobody."""
        self._publish(struck)
        self._until_quiet("dead letters to redrive")
        for task in self.tasks:
            ids = [event.id for cell, event in struck if cell.task == task]
            redrive_beside_poison(self.ledger.evidence.stack, task, ids, str(self.run.state.folder))

    def _around(self, struck: Struck) -> None:
        """In two rounds: what flaps is down and up in both, everything else in the first."""
        flapping = [each for each in struck if each[0].fault.name == "flapping"]
        second = flapping[: len(flapping) // 2]
        for some in ([each for each in struck if each not in second], second):
            strikes = [
                (strike(cell, self.ledger), [event for its, event in some if its == cell])
                for cell in dict.fromkeys(cell for cell, _ in some)
            ]
            for each, _ in strikes:
                each.begin()
            self._publish(some)
            self._heal_what_has_struck(strikes)
            self._until_quiet("what was struck")

    def _heal_what_has_struck(self, strikes: list[tuple[Strike, list[Event]]]) -> None:
        def all_healed() -> bool:
            for each in [each for each in strikes if each[0].has_struck(each[1])]:
                each[0].heal()
                strikes.remove(each)
            return not strikes

        wait_until(all_healed, what="each fault to strike", deadline=STRUCK_WITHIN, every=0.1)

    def _workers(self, struck: Struck) -> None:
        """The functions are off meanwhile."""
        mappings = self._mappings(enabled=False)
        self._publish(struck)
        with workers(self.run) as processes:
            begun = processes.begin(self.tasks)
            cells = dict.fromkeys(cell for cell, _ in struck)
            processes.strike(
                [(cell.fault.name, begun[cell.task], [event for its, event in struck if its == cell]) for cell in cells]
            )
            self._until_quiet("what workers left")
            processes.thaw()
        if mappings != self._mappings(enabled=True):
            raise LocalError("the mappings are other ones")

    def _restart(self, struck: Struck) -> None:
        """With events that were done before, published again: the record of them must have survived as well."""
        mappings = self._mappings(enabled=False)
        self._publish(struck)
        done = [each for each in self.plan.of(*MIXED) if each[0].fault.name == "healthy"]
        self._publish(done)
        expected = len(struck) + len(done)
        wait_until(
            lambda: all(self.ledger.waits_for(task) == expected for task in self.tasks),
            what="the events to wait",
            deadline=STRUCK_WITHIN,
        )
        self.ledger.keep("send_receipt")  # ministack writes everything else to disk
        self.run.emulator.kill_and_start()
        if mappings != self._mappings(enabled=True):
            raise LocalError("the embedded AWS came back with other mappings")

    def _mappings(self, enabled: bool) -> set[str]:
        """Switches them on or off, and returns when they are."""
        client = self.run.connection.session.client("lambda")
        ids = {each["UUID"] for each in client.list_event_source_mappings()["EventSourceMappings"]}
        state = "Enabled" if enabled else "Disabled"
        for id_ in ids:
            client.update_event_source_mapping(UUID=id_, Enabled=enabled)
        wait_until(
            lambda: {client.get_event_source_mapping(UUID=id_)["State"] for id_ in ids} == {state},
            what=f"the mappings to be {state}",
            deadline=STRUCK_WITHIN,
        )
        return ids

    def _until_quiet(self, name: str) -> None:
        def nothing_waits() -> bool:
            count = sum(self.ledger.waits_for(task) for task in self.tasks)
            self.say(f"{name}: {count} messages wait", 0)
            return not count

        wait_until(nothing_waits, what=f"the queues to be empty ({name})", deadline=QUIET_WITHIN, every=0.3)


def _told(struck: Struck) -> str:
    return ", ".join(dict.fromkeys(cell.shop_id for cell, _ in struck))
