"""What happens to an event that cannot be done: at once, later, never; twice; and what hangs or crashes."""

from collections.abc import Callable

from fanout import names
from fanout.ops.aws.line import Line
from fanout.ops.aws.subscriber import WORKER, DeployedSubscriber
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.verify.probes import Probe
from fanout.ops.verify.result import Failed, NotShown
from fanout.ops.verify.verification import Verification
from fanout.words import counted

LONGEST_DELAY = 180
"""Seconds: a subscriber whose first retry, or whose visibility timeout, is longer is not waited for."""
LONGEST_VISIBILITY = 300
LOG = 60
"""Seconds that a line may take until it can be read."""
EARLY, LATE = 1.5, 45.0
"""Seconds by which a second attempt may differ from its schedule: clocks differ, and polling takes its time."""
DEAD_FOR = 30
"""Seconds after which a permanent probe would be done: whoever redrives it then finds it well."""


def retry(verification: Verification) -> str:
    """The first delay of each subscriber's schedule, measured between two log lines of two invocations."""
    chosen = _short(verification, _first_delay, LONGEST_DELAY, "first retry")
    sent = verification.publish("transient", "transient", at=chosen)
    most = max(_first_delay(each) for each in chosen) * 1.5 + LATE + LOG
    found = _two(verification, chosen, sent, most)
    told = []
    for each in chosen:
        first, second = found[each.task][:2]
        _expect(each, first, "failed", "TransientError")
        _expect(each, second, "done")
        waited, asked = (second.at - first.at).total_seconds(), _first_delay(each)
        jitter = float(_variables(each).get(names.RETRY_JITTER, "0"))
        if not asked * (1 - jitter) - EARLY <= waited <= asked * (1 + jitter) + LATE:
            raise Failed(f"{each.task}: its second attempt came after {waited:.1f} s, and {asked} s were asked for")
        verification.learn("how exact is ChangeMessageVisibility?", {"asked": asked, "jitter": jitter}, waited)
        told.append(f"{each.task} {waited:.1f} s of {asked}")
    return f"second attempts: {', '.join(told)}{verification.not_reached()}"


def dead(verification: Verification) -> str:
    """In the dead-letter queue at once, by the function's own hand, with its cause."""
    reached = verification.reached
    sent = verification.publish("permanent", "permanent", seconds=DEAD_FOR, until_attempt=1_000)

    def letter(subscriber: DeployedSubscriber) -> DeadLetterMessage | None:
        return verification.dead(subscriber, sent[subscriber.task].id)

    found = verification.wait_at(reached, letter, LOG, "the permanent failure is in no dead-letter queue")
    for task, message in found.items():
        cause = message.cause
        if cause is None or cause["error_type"] != "PermanentError" or cause.get("attempt") != 1:
            raise Failed(f"{task}: its dead letter has not the cause that the function gave it, at the first attempt")
    verification.learn("which system attributes has a dead letter?", sorted(set(next(iter(found.values())).system)))
    return f"{counted(len(found), 'dead letter')} with cause PermanentError, at the first attempt{verification.not_reached()}"


def duplicate(verification: Verification) -> str:
    """The same identity once more: acknowledged, and the task is not run."""
    chosen = [each for each in verification.reached if _remembers(each)]
    if not chosen:
        raise NotShown("no task of this stack keeps claims: the targets of all know what they have seen")
    sent = verification.publish("once", at=chosen)
    _wait_for(verification, chosen, sent, 1, "the first copy has no outcome")
    for probe in {each.id: each for each in sent.values()}.values():
        verification.publish_again(probe)
    found = _wait_for(verification, chosen, sent, 2, "the second copy has no outcome")
    for each in chosen:
        kinds = sorted(line.kind for line in found[each.task])
        if kinds != ["done", "duplicate"]:
            raise Failed(f"{each.task}: two copies of one event were {' and '.join(kinds)}, not done and duplicate")
    return f"one of two copies is a duplicate at {', '.join(each.task for each in chosen)}"


def slow(verification: Verification) -> str:
    """Given up before the function's own time-out, so that its neighbours are answered for."""
    chosen = _short(verification, _timeout, LONGEST_DELAY, "time-out")
    sent = verification.publish("slow", "slow", at=chosen)
    beside = verification.publish("beside", at=chosen)
    most = max(_timeout(each) + _first_delay(each) * 1.5 for each in chosen) + LATE + LOG
    found = _wait_for(verification, chosen, sent, 1, "the slow probe has no outcome", most)
    _wait_for(verification, chosen, beside, 1, "the probe beside the slow one has no outcome", most)
    for each in chosen:
        _expect(each, found[each.task][0], "failed", "OutOfTime")
        _expect(each, verification.lines(each, beside[each.task])[0], "done")
    return f"given up as OutOfTime, and its neighbour done, at {counted(len(chosen), 'subscriber')}"


def crash(verification: Verification) -> str:
    """The process ends in the middle: nothing is said, and the message comes back after the queue's visibility timeout."""
    chosen = _short(verification, _visibility, LONGEST_VISIBILITY, "visibility timeout")
    sent: dict[str, Probe] = {}
    for each in chosen:
        sent |= verification.publish("crash", "crash", at=[each], task=each.task)
    most = max(_visibility(each) for each in chosen) + LATE + LOG
    found = _wait_for(verification, chosen, sent, 1, "what crashed has not come back", most)
    for each in chosen:
        line = found[each.task][0]
        _expect(each, line, "done")
        if line.attempt < 2:
            raise Failed(f"{each.task}: the probe did not crash its function: it was done at its first attempt")
        waited = (line.at - sent[each.task].at).total_seconds()
        verification.learn("when does a message come back after a crash?", {"visibility": _visibility(each)}, waited)
    return f"came back, and done at the second attempt, at {counted(len(chosen), 'subscriber')}{verification.not_reached()}"


def _wait_for(
    verification: Verification,
    chosen: list[DeployedSubscriber],
    sent: dict[str, Probe],
    count: int,
    what: str,
    seconds: float = LOG,
) -> dict[str, list[Line]]:
    def outcomes(subscriber: DeployedSubscriber) -> list[Line] | None:
        found = verification.lines(subscriber, sent[subscriber.task])
        return found if len(found) >= count else None

    return verification.wait_at(chosen, outcomes, seconds, what)


def _two(
    verification: Verification, chosen: list[DeployedSubscriber], sent: dict[str, Probe], seconds: float
) -> dict[str, list[Line]]:
    return _wait_for(verification, chosen, sent, 2, "no second attempt of the transient failure", seconds)


def _expect(subscriber: DeployedSubscriber, line: Line, kind: str, error_type: str | None = None) -> None:
    if line.kind != kind or (error_type and line.error_type != error_type):
        wanted = f"{kind} {error_type or ''}".strip()
        raise Failed(
            f"{subscriber.task}: attempt {line.attempt} was {line.kind} {line.error_type or ''}: expected {wanted}"
        )


def _short(
    verification: Verification, seconds_of: Callable[[DeployedSubscriber], float], most: int, what: str
) -> list[DeployedSubscriber]:
    found = [each for each in verification.reached if seconds_of(each) <= most]
    if not found:
        raise NotShown(f"the {what} of each subscriber is longer than the {most} s that this waits for")
    return found


def _variables(subscriber: DeployedSubscriber) -> dict[str, str]:
    return subscriber.variables


def _first_delay(subscriber: DeployedSubscriber) -> float:
    return float(_variables(subscriber).get(names.RETRY_DELAYS, "0").split(",")[0])


def _timeout(subscriber: DeployedSubscriber) -> float:
    if subscriber.kind == WORKER:
        return float(subscriber.variables.get(names.LONGEST_ATTEMPT, 900))
    return float(subscriber.function.get("Timeout", 3))


def _visibility(subscriber: DeployedSubscriber) -> float:
    return float(subscriber.attributes().get("VisibilityTimeout", 30))


def _remembers(subscriber: DeployedSubscriber) -> bool:
    variables = _variables(subscriber)
    return names.COMPLETED_TABLE in variables and variables.get(names.IDEMPOTENT) != "false"
