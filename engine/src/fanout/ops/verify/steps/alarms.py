"""One alarm rings, and whoever looks sees it; then it is what it was."""

from typing import Any

from fanout.ops.aws import alarms
from fanout.ops.status import report as status
from fanout.ops.verify.result import Failed
from fanout.ops.verify.verification import Verification

REASON = "fanout verify rings it, and puts it back"
SECONDS = 60


def alarm(verification: Verification) -> str:
    """The alarm that needs a person, where there is one: it is composite."""
    stack, cloudwatch = verification.stack, verification.stack.aws.cloudwatch
    found = list(alarms.of_stack(stack.aws, stack.name))
    quiet: list[Any] = [each for each in found if each["StateValue"] != "ALARM"]
    if not quiet:
        raise Failed("the stack has no alarm that does not ring already" if found else "the stack has no alarms")
    chosen = next((each for each in quiet if "AlarmRule" in each), quiet[0])
    name, began = chosen["AlarmName"], verification.clock()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=REASON)
    try:
        verification.wait(lambda: _rings(verification, name), SECONDS, "status does not show the alarm that rings")
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=chosen["StateValue"], StateReason=REASON)
    kind = "composite" if "AlarmRule" in chosen else "metric"
    verification.learn(f"does DescribeAlarms show a {kind} alarm that rings?", True, verification.clock() - began)
    told = "; its recipients got a mail each way" if verification.stack.aws.is_aws else ""
    return f"{name} rang, and fanout status said so{told}"


def _rings(verification: Verification, name: str) -> bool:
    return any(each["name"] == name for each in status.report(verification.stack).alarms)
