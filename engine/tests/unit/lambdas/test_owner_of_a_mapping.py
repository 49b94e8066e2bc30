"""An operator's pause is ended by nobody but an operator, whatever the circuit does, and in whatever order."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.pause import switch
from fanout.runtime import circuit_breaker, close_circuits
from fanout.runtime.errors import TransientError
from fanout.runtime.outcome import Outcome
from tests.examples import examples
from tests.unit.lambdas.given import record
from tests.unit.lambdas.interleaving import Interleaving
from tests.unit.lambdas.lambda_ import Lambda

COOL_DOWN, BEGIN = 120, 1000.0
WITH_CIRCUIT = {names.CIRCUIT_FAILURES: "1"}
FAILED = Outcome("failed", record("{}"), None, TransientError("later"), 1.0)


class Stop:
    def __init__(self, sleep: Callable[[float], None]) -> None:
        self.sleep = sleep

    def __bool__(self) -> bool:
        return False


class World:
    """One mapping, and whoever may switch it. `acts` are the operators': when begun, when over, which."""

    def __init__(self, patch: pytest.MonkeyPatch, choices: Iterator[int], behind: float = 3.0) -> None:
        self.order = Interleaving(choices, longest=6.0)
        self.lambda_ = Lambda(
            self.order.now, changing=2.0, behind=behind, called=self.order.step, variables=WITH_CIRCUIT
        )
        self.order.time = BEGIN
        self.acts: list[tuple[float, float, str]] = []
        self.resuming = 0
        self.ended_by_the_circuit: list[float] = []
        clock = SimpleNamespace(time=self.order.now, monotonic=self.order.now)
        for module in (switch, circuit_breaker, close_circuits):
            patch.setattr(module, "time", clock)
        patch.setenv("AWS_LAMBDA_FUNCTION_NAME", "notify_partner")
        patch.setattr(circuit_breaker, "client", lambda service: self.lambda_)
        patch.setattr(circuit_breaker, "LIMIT", 1)
        patch.setattr(circuit_breaker, "_in_a_row", 0)
        patch.setattr(close_circuits, "_lambda", self.lambda_)

    @property
    def subscriber(self) -> DeployedSubscriber:
        aws: Any = SimpleNamespace(functions=self.lambda_)
        return DeployedSubscriber(aws, "Notify", "notify_partner", "https://sqs/1/queue", "https://sqs/1/dead", "f")

    def operator(self, acts: list[tuple[str, int]]) -> None:
        for act, seconds in acts:
            self.order.sleep(seconds)
            began, journal, stop = self.order.now(), SimpleNamespace(write=lambda *a, **b: None), Stop(self.order.sleep)
            if act == "pause":
                switch.pause(self.subscriber, "a reason", "arn:aws:iam::1:user/me", journal, stop)  # type: ignore[arg-type]
            else:
                self.resuming += 1
                try:
                    switch.resume(self.subscriber, journal, stop)  # type: ignore[arg-type]
                except OpsError as gave_way:
                    assert "switched off again at the same time" in str(gave_way)
                    continue
                finally:
                    self.resuming -= 1
            self.acts.append((began, self.order.now(), act))

    def container(self, gaps: list[int]) -> None:
        for seconds in gaps:
            self.order.sleep(seconds)
            circuit_breaker.watch([FAILED])

    def closer(self, offset: int, until: float) -> None:
        self.order.sleep(offset)
        while self.order.now() < until:
            before = len(self.lambda_.switches)
            try:
                close_circuits.handle({"mapping": "m", "cool_down_seconds": COOL_DOWN}, None)
            except Exception as error:
                assert "ResourceInUse" in str(error)
            self._watch(before)
            self.order.sleep(60)

    def _watch(self, before: int) -> None:
        """A pause that had been told to be in force when this call of the closer began to switch on."""
        for moment, on in self.lambda_.switches[before:]:
            over = [each for each in self.acts if each[1] < moment]
            if on and over and over[-1][2] == "pause" and not self.resuming:
                self.ended_by_the_circuit.append(moment)

    def last_acts(self) -> set[str]:
        """Those that no other began after."""
        return {act for _, over, act in self.acts if not any(began > over for began, _, _ in self.acts)}

    @property
    def seen(self) -> tuple[str, bool]:
        return self.lambda_.state, names.PAUSED_TAG in self.lambda_.tags


ACTS = st.lists(st.tuples(st.sampled_from(["pause", "resume"]), st.sampled_from([0, 5, 50, 59, 110])), max_size=3)


@given(
    operators=st.tuples(ACTS, ACTS),
    gaps=st.lists(st.sampled_from([0, 3, 50, 60, 100]), max_size=3),
    offset=st.sampled_from([0, 3, 50]),
    cooled_down=st.booleans(),
    choices=st.lists(st.integers(0, 11), max_size=120),
)
@settings(max_examples=examples(60), deadline=None, phases=[Phase.explicit, Phase.generate])
def test_in_any_interleaving_it_is_paused_if_and_only_if_that_was_the_last_act(
    operators: tuple[Any, Any], gaps: list[int], offset: int, cooled_down: bool, choices: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = World(patch, chain(choices, repeat(1)))
        if cooled_down:
            world.lambda_.state, world.lambda_.tags = "Disabled", {names.CIRCUIT_TAG: "1"}
        for acts in operators:
            world.order.begin(lambda acts=acts: world.operator(acts))  # type: ignore[misc]
        world.order.begin(lambda: world.container(gaps))
        world.order.begin(lambda: world.closer(offset, BEGIN + 1200))
        world.order.all()
        last = world.last_acts()
        assert world.seen in {("Disabled", True), ("Enabled", False)}
        if len(last) < 2:
            assert world.seen == (("Disabled", True) if last == {"pause"} else ("Enabled", False))
        assert world.ended_by_the_circuit == []


@given(operators=st.tuples(ACTS, ACTS, ACTS), choices=st.lists(st.integers(0, 11), max_size=120))
@settings(max_examples=examples(60), deadline=None, phases=[Phase.explicit, Phase.generate])
def test_without_a_circuit_operators_never_leave_it_off_without_a_reason(
    operators: tuple[Any, ...], choices: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = World(patch, chain(choices, repeat(1)))
        world.lambda_.variables = {}
        for acts in operators:
            world.order.begin(lambda acts=acts: world.operator(acts))  # type: ignore[misc]
        world.order.all()
        assert world.seen in {("Disabled", True), ("Enabled", False)}
        if len(last := world.last_acts()) == 1:
            assert world.seen == (("Disabled", True) if last == {"pause"} else ("Enabled", False))


class Alone:
    """One mapping with one operator, whose time passes while they wait."""

    def __init__(self, patch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
        self.time = 0.0
        self.lambda_ = Lambda(lambda: self.time, variables=variables)
        patch.setattr(switch, "time", SimpleNamespace(monotonic=lambda: self.time))
        aws: Any = SimpleNamespace(functions=self.lambda_)
        self.subscriber = DeployedSubscriber(aws, "Notify", "notify_partner", "https://sqs/1/queue", "", "f")
        self.journal: Any = SimpleNamespace(write=lambda *words, **fields: None)

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def pause(self) -> None:
        stop: Any = Stop(self.sleep)
        switch.pause(self.subscriber, "a reason", "arn:aws:iam::1:user/me", self.journal, stop)

    def resume(self) -> None:
        stop: Any = Stop(self.sleep)
        switch.resume(self.subscriber, self.journal, stop)


def test_who_read_the_tags_before_the_pause_and_switches_on_after_it_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Alone(monkeypatch, WITH_CIRCUIT)
    plain = world.sleep

    def sleep(seconds: float) -> None:
        plain(seconds)
        if world.time == 5.0:
            world.lambda_.update_event_source_mapping(UUID="m", Enabled=True)

    world.sleep = sleep  # type: ignore[method-assign]
    world.pause()
    assert world.time >= 5.0
    assert (world.lambda_.state, list(world.lambda_.tags)) == ("Disabled", [names.PAUSED_TAG])


def test_without_a_circuit_breaker_a_pause_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Alone(monkeypatch, {})
    world.pause()
    assert (world.lambda_.state, world.time) == ("Disabled", 0.5)


def test_what_lambda_refuses_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Alone(monkeypatch, {})
    world.lambda_.throttled = 3
    world.pause()
    assert (world.lambda_.state, world.time) == ("Disabled", 2.0)


def test_what_lambda_goes_on_refusing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Alone(monkeypatch, {})
    world.lambda_.throttled = 10_000
    with pytest.raises(
        OpsError, match=r"^notify_partner: its mapping is Enabled, not yet Disabled for good: fanout stat"
    ):
        world.pause()
    assert names.PAUSED_TAG in world.lambda_.tags


def test_a_circuit_whose_tag_a_resume_takes_away_meanwhile_still_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    def resumed(operation: str) -> None:
        if operation == "off":
            lambda_.tags = {}

    lambda_ = Lambda(called=resumed)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "notify_partner")
    monkeypatch.setattr(circuit_breaker, "client", lambda service: lambda_)
    monkeypatch.setattr(circuit_breaker, "LIMIT", 1)
    circuit_breaker.watch([FAILED])
    assert (lambda_.state, list(lambda_.tags)) == ("Disabled", [names.CIRCUIT_TAG])


def test_a_circuit_that_opens_as_a_resume_ends_still_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    world, ends = Alone(monkeypatch, WITH_CIRCUIT), iter([False, True])
    world.lambda_.state, world.lambda_.tags = "Disabled", {names.PAUSED_TAG: "a reason"}
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "notify_partner")
    monkeypatch.setattr(circuit_breaker, "client", lambda service: world.lambda_)
    monkeypatch.setattr(circuit_breaker, "LIMIT", 1)
    monkeypatch.setattr(close_circuits, "_lambda", world.lambda_)

    def called(operation: str) -> None:
        if operation == "untag" and next(ends, False):
            world.lambda_.tags = {}  # what the function reads of them is of a moment after it
            circuit_breaker.watch([FAILED])

    world.lambda_._called = called
    with pytest.raises(OpsError, match="switched off again at the same time"):
        world.resume()
    assert (world.lambda_.state, list(world.lambda_.tags)) == ("Disabled", [names.CIRCUIT_TAG])
    close_circuits.handle({"mapping": "m", "cool_down_seconds": 0}, None)
    assert world.lambda_.state == "Enabled"


def test_a_pause_that_is_over_as_a_resume_ends_keeps_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    world, ends = Alone(monkeypatch, {}), iter([False, True])
    world.lambda_.state, world.lambda_.tags = "Disabled", {names.PAUSED_TAG: "an older reason"}

    def called(operation: str) -> None:
        if operation == "untag" and next(ends, False):
            world.pause()

    world.lambda_._called = called
    with pytest.raises(OpsError, match="switched off again at the same time"):
        world.resume()
    assert world.lambda_.state == "Disabled"
    assert world.lambda_.tags[names.PAUSED_TAG].endswith(" by somebody = paused while it was resumed")


def test_a_pause_that_a_third_ends_as_a_resume_ends_leaves_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    world, ends, tagged = Alone(monkeypatch, {}), iter([False, True]), []
    world.lambda_.state = "Disabled"

    def called(operation: str) -> None:
        if operation == "untag" and next(ends, False):
            world.pause()
            tagged.append(operation)
        elif operation == "tag" and tagged == ["untag"]:
            tagged.append(operation)
            world.resume()

    world.lambda_._called = called
    world.resume()
    assert (world.lambda_.state, world.lambda_.tags, tagged) == ("Enabled", {}, ["untag", "tag"])


def test_beside_a_resume_at_the_same_time_the_pause_holds_and_its_reason_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, resumed = Alone(monkeypatch, {}), iter([True])

    def called(operation: str) -> None:
        if operation == "off" and next(resumed, False):
            world.lambda_.tags = {}

    world.lambda_._called = called
    world.pause()
    assert (world.lambda_.state, list(world.lambda_.tags)) == ("Disabled", [names.PAUSED_TAG])
