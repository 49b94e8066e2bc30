"""The happy way: topic, filter, queue, keys, mapping, function, log."""

from fanout.ops.aws.line import Line
from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.verify.result import Failed
from fanout.ops.verify.verification import Verification
from fanout.words import counted

SECONDS = 90
"""A cold start, and the log's own delay."""


def delivery(verification: Verification) -> str:
    happy = verification.sent.get("done") or verification.publish("done")
    reached = [each for each in verification.reached if each.task in happy]

    def outcome(subscriber: DeployedSubscriber) -> Line | None:
        found = verification.lines(subscriber, happy[subscriber.task])
        return found[0] if found else None

    began = verification.clock()
    found = verification.wait_at(reached, outcome, SECONDS + verification.starts, "no outcome of the probe in its log")
    seen_after = verification.clock() - began
    for task, line in found.items():
        if line.kind == "dead" and line.error_type == "UnknownVersion":
            raise Failed(f"{task}: its function is of an engine that knows no probe: deploy this version first")
        if not line.is_success:
            raise Failed(f"{task}: the probe's outcome is {line.kind} ({line.error_type}: {line.error})")
        seconds = (line.at - happy[task].at).total_seconds()
        verification.learn("how long is an event on its way, a cold start included?", "seconds to its outcome", seconds)
    verification.learn("when is an outcome readable in the log?", "seconds of looking", seen_after)
    slowest = max((line.at - happy[task].at).total_seconds() for task, line in found.items())
    return f"done at {counted(len(found), 'subscriber')}, the slowest after {max(slowest, 0):.1f} s{verification.not_reached()}"
