"""An operator's night, with the operator's two policies and nothing else: look, redrive one letter, drop another."""

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from fanout import names
from fanout.aws_errors import one_line
from fanout.ops.aws.discovery import find
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters import show, summary
from fanout.ops.dead_letters.drop import Drop
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.journal import Journal
from fanout.ops.redrive.frozen import freeze
from fanout.ops.redrive.runner import Plan, RedriveRun
from fanout.ops.status import report as status
from fanout.ops.timeline import timeline
from fanout.ops.timeline.state import DEAD
from fanout.ops.verify import probes, session
from fanout.ops.verify.probes import Probe
from fanout.ops.verify.result import Failed, Skipped
from fanout.ops.verify.steps.failures import DEAD_FOR, dead
from fanout.ops.verify.verification import Verification

PATIENCE = 90.0
LOOKED_AT = 50


def heal(verification: Verification) -> str:
    stack = verification.stack
    policies = [
        arn
        for name, arn in sorted(stack.outputs.items())
        if name.startswith((names.OPERATOR_READ_POLICY_ARN_OUTPUT, names.OPERATOR_HEAL_POLICY_ARN_OUTPUT))
    ]
    if not policies:
        raise Skipped("the stack has no operator policies")
    operator = session.limited(stack.aws, policies, verification.role)
    if "permanent" not in verification.sent:
        dead(verification)
    try:
        return _night(verification, find(operator, stack.name))
    except ClientError as error:
        raise Failed(f"with the operator policies alone: {one_line(error)}") from None


def _night(verification: Verification, stack: Stack) -> str:
    chosen = stack.subscriber(verification.reached[0].task)
    probe = verification.sent["permanent"][chosen.task]
    _look(stack, chosen, probe)
    left = DEAD_FOR - (probes.now() - probe.at).total_seconds()
    verification.stop.sleep(max(0.0, left + 1))  # from then on it is done where it is redriven
    seconds = _redrive(stack, chosen, probe, verification)
    dropped = _drop(stack, verification)
    verification.wait_at(
        [stack.subscriber(each.task) for each in verification.reached],
        lambda each: verification.dead(each, verification.sent["permanent"][each.task].id) is None,
        60,
        "its probes are dead letters still",
    )
    verification.learn("how long does an operator's redrive take?", "seconds until its outcome is seen", seconds)
    return f"seen by status, where, dead list and dead show; redriven and done in {seconds:.0f} s; {dropped} dropped"


def _look(stack: Stack, chosen: DeployedSubscriber, probe: Probe) -> None:
    health = next(each for each in status.report(stack).subscribers if each.task == chosen.task)
    if not health.dead:
        raise Failed(f"fanout status counts no dead letter of {chosen.task}: {'; '.join(health.problems)}")
    states = timeline.for_stack(stack, probe.id, since=probe.at - timedelta(minutes=5))
    state = next(each for each in states if each.task == chosen.task)
    if state.state != DEAD:
        raise Failed(f"fanout where says {state.state} of a dead letter of {chosen.task}: {state.said()}")
    (listed,) = summary.collect(stack, chosen.task, limit=LOOKED_AT)
    if not any(each.cause.error_type == "PermanentError" for each in listed.groups):
        raise Failed(f"fanout dead list has no cause PermanentError: {listed.problem or 'another cause'}")
    if show.first(chosen, probe.id) is None:
        raise Failed("fanout dead show does not find the dead letter of the probe")


def _redrive(stack: Stack, chosen: DeployedSubscriber, probe: Probe, verification: Verification) -> float:
    """One letter: the canary of any redrive."""
    journal = Journal.open(stack, "verify", task=chosen.task)
    selection = Selection(ids=(probe.id,))
    frozen = freeze(chosen, selection, journal)
    plan = Plan(selection, patience=PATIENCE)
    result = RedriveRun(chosen, journal, plan, frozen, _quiet, verification.stop).run()
    journal.write("end", task=chosen.task, stopped=result.stopped, **result.counts)
    if not result.is_well or result.counts["seen_done"] != 1:
        raise Failed(f"the redrive of one probe: {result.stopped or result.completeness.unseen or result.counts}")
    return result.seconds


def _drop(stack: Stack, verification: Verification) -> int:
    """The other dead letters of this run; the file of each is of no use to anybody."""
    ids = {each.id for some in verification.sent.values() for each in some.values()}
    count = 0
    for each in verification.reached:
        subscriber = stack.subscriber(each.task)
        mine = tuple(sorted(id_ for id_ in ids if verification.dead(subscriber, id_)))
        if not mine:
            continue
        journal = Journal.open(stack, "verify", task=subscriber.task)
        dropped = Drop(stack, subscriber, Selection(ids=mine), journal, "fanout verify is done with it").run(
            verification.stop
        )
        dropped.path.unlink(missing_ok=True)
        if dropped.count < len(mine):
            raise Failed(f"{subscriber.task}: {dropped.count} of {len(mine)} probes could be dropped")
        count += dropped.count
    return count


def _quiet(line: str, done: int = 0, total: int = 0) -> Any:
    """Progress is the step's."""
