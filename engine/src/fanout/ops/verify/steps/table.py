"""The steps of `fanout verify`, in their order: one table, which docs/deploying.md shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fanout.errors import Unusable
from fanout.ops.verify.steps import (
    account,
    alarms,
    delivery,
    failures,
    healing,
    heartbeat,
    publisher,
    telemetry,
    undeliverable,
    wiring,
)
from fanout.ops.verify.verification import Verification


@dataclass(frozen=True)
class Step:
    """`check` returns what was seen, in one line, or raises Failed, NotShown or Skipped. `seconds` bounds it on AWS.

    `core`: among those that take two minutes together. `embedded`: why the embedded AWS cannot show it, "" where it can.
    `careful`: it costs real events an attempt, so in production only who names it gets it.
    """

    name: str
    proves: str
    check: Callable[[Verification], str]
    seconds: int
    core: bool = False
    embedded: str = ""
    careful: bool = False


STEPS: Final = (
    Step("account", "what the stack needs of its account is there", account.account, 30, True, "it has no limits"),
    Step("wiring", "nothing was changed by hand, and no rule is broken", wiring.wiring, 60, True),
    Step("recipients", "somebody hears of alarms", wiring.recipients, 10, True, "it sends no mail"),
    Step("schedule", "the heartbeat's schedule is enabled", wiring.schedule, 10, True),
    Step("publisher", "its policy lets publish, over TLS, and nothing else", publisher.publisher, 30, True),
    Step("delivery", "an event is done at every subscriber", delivery.delivery, 90, True),
    Step("patterns", "the tools find what functions log", telemetry.patterns, 60),
    Step("metrics", "CloudWatch measures what functions print", telemetry.metrics, 240, False, "it makes no metrics of lines"),
    Step("trace", "an outcome's trace is in X-Ray", telemetry.trace, 90, False, "it keeps no traces"),
    Step("retry", "what fails comes back after its delay", failures.retry, 300),
    Step("dead", "what cannot be done is a dead letter with its cause", failures.dead, 60),
    Step("duplicate", "an event's second copy is not worked on", failures.duplicate, 120),
    Step("slow", "what hangs is given up, and its neighbours are done", failures.slow, 480, careful=True),
    Step("undeliverable", "what SNS cannot deliver is a dead letter", undeliverable.undeliverable, 120, False, "it delivers everything"),
    Step("heal", "the operator policies suffice to look, redrive and drop", healing.heal, 240),
    Step("crash", "what a crash took comes back", failures.crash, 420, careful=True),
    Step("alarm", "an alarm rings where people look", alarms.alarm, 60),
    Step("heartbeat", "the schedule's heartbeat reaches every subscriber", heartbeat.heartbeat, 960),
)  # fmt: skip


def chosen(only: Sequence[str], *, core: bool) -> tuple[Step, ...]:
    """By name, or those of the core, or all. Raises Unusable for a name that no step has."""
    known = {each.name for each in STEPS}
    for name in only:
        if name not in known:
            raise Unusable(f"no step {name!r}: expected {', '.join(each.name for each in STEPS)}")
    if only:
        return tuple(each for each in STEPS if each.name in only)
    return tuple(each for each in STEPS if each.core or not core)
