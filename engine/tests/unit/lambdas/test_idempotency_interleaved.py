"""Copies of two sources and two contents under one id, in any order of claims, effects, lost answers, crashes and days."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import OrderPlaced
from fanout.runtime import idempotency, record
from fanout.runtime.errors import PermanentError
from fanout.runtime.idempotency import Claim, InProgress, OtherContent
from tests.examples import examples
from tests.unit.lambdas.dynamodb import Table
from tests.unit.lambdas.given import example, order
from tests.unit.lambdas.given import record as message

REMEMBERED = 1_641_600
SECONDS_LEFT = 30
LEASE = SECONDS_LEFT + idempotency.LEASE_MARGIN_SECONDS

Who = tuple[str, str]
"""A source, and a content under it: the letter of its order."""
STEP = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from("st"), st.sampled_from("ab"), st.sampled_from(["", "lost", "lost for good", "away"])),
    st.tuples(
        st.just("end"), st.sampled_from(["done", "failed", "dead", "crash"]), st.integers(0, 3), st.sampled_from(["", "lost", "away"])
    ),
    st.tuples(st.just("wait"), st.sampled_from([1, LEASE - 1, LEASE + 1, 4_000, REMEMBERED - 10, REMEMBERED + 10])),
)  # fmt: skip


@dataclass
class Held:
    who: Who
    claim: Claim
    until: float


class World:
    """What is true, beside what the table says: the content that was done last by source, and until when it must be known.

    It may be known for longer: an item of several sources expires with the last of them.
    """

    def __init__(self) -> None:
        self.table, self.now = Table(), 1_000_000.0
        self.held: list[Held] = []
        self.done: dict[str, str] = {}
        self.known_until: dict[str, float] = {}

    def event(self, source: str, content: str) -> OrderPlaced:
        body = {**example(), "id": "event-1", "source": f"/{source}"}
        return order(json.dumps({**body, "data": {**body["data"], "order_id": content}}))

    def begin(self, source: str, content: str, how: str) -> None:
        claim = Claim(self.event(source, content), message("{}"), "request-1")
        done = self.done.get(source)
        known = done if self.now <= self.known_until.get(source, 0) else None
        self.table.next = [how]
        try:
            taken = claim.take(SECONDS_LEFT)
        except InProgress:
            assert known is None and [each for each in self.held if each.who[0] == source]
        except OtherContent:
            assert done not in (None, content), "nothing else was done"
        except Exception:
            assert how in ("lost for good", "away")
            if how == "lost for good" and self.holds(source, claim):
                self.hold(source, content, claim)
        else:
            if taken:
                assert known is None, "the effect is repeated while it is known"
                assert not self.is_held(source), "two at a time"
                self.hold(source, content, claim)
            else:
                assert done == content, "a silent duplicate of what was not done"
                self.known_until[source] = self.now + REMEMBERED - idempotency.RENEWED_AFTER_SECONDS
        self.table.next = []

    def is_held(self, source: str) -> bool:
        return any(each.who[0] == source and each.until >= int(self.now) for each in self.held)

    def holds(self, source: str, claim: Claim) -> bool:
        """By the table: the request was carried out, and whoever sent it does not know."""
        kept = self.table.items["a_task#event-1"].get(record.attribute(f"/{source}"), {"M": {}})["M"]
        return bool(kept.get("claim") == {"S": claim._token})

    def hold(self, source: str, content: str, claim: Claim) -> None:
        self.done.pop(source, None)
        self.held.append(Held((source, content), claim, int(self.now) + LEASE))

    def end(self, way: str, which: int, how: str) -> None:
        """Whoever holds it, in time or too late."""
        if which >= len(self.held):
            return
        held = self.held[which]
        in_time = not any(other.who[0] == held.who[0] for other in self.held[which + 1 :])
        if way == "crash":
            return
        self.held.remove(held)
        self.table.next = [how]
        if way == "done":
            held.claim.done()
        else:
            held.claim.dead(PermanentError("no"), "letter-1") if way == "dead" else held.claim.failed(ValueError())
        self.table.next = []
        if how == "away":
            if in_time and held.until >= int(self.now):
                self.held.append(held)  # nobody can have it before its lease is over
            return
        if in_time and way == "done":
            self.done[held.who[0]] = held.who[1]
            self.known_until[held.who[0]] = int(self.now) + REMEMBERED

    def wait(self, seconds: float) -> None:
        self.now += seconds


@settings(max_examples=examples(150), deadline=None)
@given(steps=st.lists(STEP, max_size=25))
def test_no_effect_is_repeated_while_it_is_known_and_no_other_content_is_a_duplicate(
    steps: list[tuple[str, ...]],
) -> None:
    world = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(idempotency, "TABLE", "completed")
        patch.setattr(idempotency, "client", lambda service: world.table)
        patch.setattr(idempotency, "time", SimpleNamespace(time=lambda: world.now))
        for name, *arguments in steps:
            getattr(world, name)(*arguments)
