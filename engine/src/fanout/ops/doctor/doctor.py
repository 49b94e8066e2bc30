"""`fanout doctor`: what is deployed against what was deployed, and both against what the checks demand.

A difference was made by hand (or by another program): the template of the stack does not say so. The live values are
put into a copy of that template, and the checks judge the copy: a harmless difference is drift, a harmful one is a
finding, with its reason and its remedy.
"""

import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import one_line
from fanout.checks.engine import check_template
from fanout.ops.aws.session import ONE_ROUND
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscription import subscription_state
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.doctor.live import READS, Gone, Read
from fanout.ops.doctor.same import same
from fanout.ops.recipients import unheard


@dataclass(frozen=True)
class Problem:
    """`kind`: drift (a difference), finding (a rule is broken), gone (it does not exist), unread (it cannot be read),
    unheard (an alarm reaches nobody, or not one of those who should hear it), unconfirmed (a delivery gets nothing yet).
    """

    kind: str
    where: str
    what: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "where": self.where, "what": self.what, "remedy": self.remedy}


_PUT_BACK = "put it back by hand: a deployment changes only what differs between two templates"
_DEPLOY = "remove it from the template and deploy, then add it again; or make it by hand as the template says"


def examine(stack: Stack) -> list[Problem]:
    """Everything that is not as it should be; an empty list means well. What is live is asked for side by side."""
    deployed = Deployed.read(stack)
    live = copy.deepcopy(deployed.template)
    with ThreadPoolExecutor(ONE_ROUND) as pool:
        deaf, without = pool.submit(lambda: list(_unheard(stack))), pool.submit(lambda: list(_unsubscribed(stack)))
        reads = {kind: _begun(deployed, kind, read, pool) for kind, read in READS.items()}
        found = [each for kind, read in reads.items() for each in _drift(deployed, kind, read, live)]
    return found + list(_findings(deployed, live)) + deaf.result() + without.result()


def _begun(deployed: Deployed, kind: str, read: Read, pool: ThreadPoolExecutor) -> Read:
    """The same questions, under way before their answers are looked at; what several need is asked for once."""
    asked = {logical_id: pool.submit(read, deployed, logical_id) for logical_id in deployed.of_type(kind)}
    return lambda _, logical_id: asked[logical_id].result()


def _unheard(stack: Stack) -> Iterator[Problem]:
    for each in unheard(stack):
        yield Problem("unread" if each.unread else "unheard", each.topic, each.what, each.todo)


def _unsubscribed(stack: Stack) -> Iterator[Problem]:
    """Deliveries, and tasks that their topic calls, which get nothing."""
    for each in (*stack.subscribers, *stack.deliveries):
        if not each.subscription_arn:
            continue
        try:
            state, problem = subscription_state(each)
        except (ClientError, BotoCoreError) as error:
            yield _unread(each.task, error)
            continue
        if problem:
            what, _, todo = problem.rpartition("; ")
            yield Problem("gone" if state == "gone" else "unconfirmed", each.task, what, todo)


def _drift(deployed: Deployed, kind: str, read: Read, live: dict[str, Any]) -> Iterator[Problem]:
    """Whatever one resource raises is its own: it is not read, and the others are."""
    for logical_id in deployed.of_type(kind):
        if logical_id not in deployed.ids and "Condition" in deployed.template["Resources"][logical_id]:
            continue  # it was not to be made
        try:
            yield from list(_differences(deployed, kind, logical_id, read(deployed, logical_id), live))
        except Exception as error:
            yield _unread(deployed.path(logical_id), error)


def _differences(
    deployed: Deployed, kind: str, logical_id: str, now: dict[str, Any], live: dict[str, Any]
) -> Iterator[Problem]:
    properties = deployed.of_type(kind)[logical_id]
    for name, value in now.items():
        wanted = deployed.resolved(properties.get(name, _DEFAULTS.get((kind, name))))
        if not same(wanted, value):
            live["Resources"][logical_id].setdefault("Properties", {})[name] = value
            what = f"{name} is {_told(value)}, deployed was {_told(wanted)}"
            yield Problem("drift", deployed.path(logical_id), what, _PUT_BACK)


def _findings(deployed: Deployed, live: dict[str, Any]) -> Iterator[Problem]:
    """What the checks demand of the live values; advice and what was acknowledged is for `fanout check`."""
    for each in check_template(live):
        if each.severity == "error" and each.acknowledged is None:
            yield Problem("finding", each.path.partition("/")[2] or each.path, f"{each.rule}: {each.message}", each.fix)


def _unread(where: str, error: Exception) -> Problem:
    if isinstance(error, Gone):
        return Problem("gone", where, f"it does not exist: {error}", _DEPLOY)
    if not isinstance(error, ClientError | BotoCoreError):
        return Problem(
            "unread", where, f"it cannot be read: {type(error).__name__}", "compare it with the template by hand"
        )
    line = one_line(error)
    gone = "does not exist" in line or "NotFound" in line
    return Problem(
        "gone" if gone else "unread", where, line, _DEPLOY if gone else "sign in with the operator's read policy"
    )


_DEFAULTS: dict[tuple[str, str], Any] = {
    ("AWS::SQS::Queue", "VisibilityTimeout"): 30,
    ("AWS::SQS::Queue", "DelaySeconds"): 0,
    ("AWS::Lambda::EventSourceMapping", "Enabled"): True,
    ("AWS::Lambda::EventSourceMapping", "MaximumBatchingWindowInSeconds"): 0,
    ("AWS::CloudWatch::Alarm", "ActionsEnabled"): True,
    ("AWS::CloudWatch::CompositeAlarm", "ActionsEnabled"): True,
    ("AWS::Scheduler::Schedule", "State"): "ENABLED",
}


def _told(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}..."
