"""What functions say can be found: by the tools' own patterns in the log, as metrics, as traces."""

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from fanout import names
from fanout.aws_errors import code_of
from fanout.ops.aws import line, logs, starts
from fanout.ops.aws.metrics import of_task, read_metrics
from fanout.ops.aws.subscriber import WORKER, DeployedSubscriber
from fanout.ops.verify import probes
from fanout.ops.verify.result import Failed, NotShown
from fanout.ops.verify.verification import Verification
from fanout.words import counted

LOG, METRIC, TRACE = 60, 240, 90
"""Seconds that AWS may take to show each."""


def patterns(verification: Verification) -> str:
    """Each of the patterns that status, where and tail ask with finds what a probe has left there."""
    happy = _happy(verification)
    reached = [each for each in verification.reached if each.task in happy]
    began = verification.clock()

    def all_patterns(subscriber: DeployedSubscriber) -> bool | None:
        return None if _missing(verification, subscriber) else True

    try:
        verification.wait_at(reached, all_patterns, LOG, "not found in the log")
    except Failed as error:
        missing = {each.task: _missing(verification, each) for each in reached}
        told = "; ".join(f"{task}: {', '.join(found)}" for task, found in missing.items() if found)
        raise Failed(f"{error} ({told})" if told else str(error)) from None
    verification.learn(
        "when do the tools' patterns find an outcome?", "seconds of looking", verification.clock() - began
    )
    ends = (
        ""
        if verification.stack.aws.is_aws
        else "; Lambda's own reports: not shown, the embedded AWS writes none in JSON"
    )
    return f"outcomes, announcements and ends are found by their patterns{ends}"


def _missing(verification: Verification, subscriber: DeployedSubscriber) -> list[str]:
    """What is not found by the pattern that asks for it."""
    aws, since = subscriber.aws, verification.since
    probe = _happy(verification)[subscriber.task]

    def reading(pattern: str) -> logs.Reading:
        return logs.Reading(aws, subscriber.log_group, pattern, since)

    found = [each for each in reading(logs.OUTCOMES).outcomes() if each.event_id == probe.id]
    missing = [] if found else ["every outcome"]
    about = verification.lines(subscriber, probe)
    if not about:
        return [*missing, "an event by its id"]
    message, request = about[0].message_id, about[0].request_id or ""
    if not any(each.message_id == message for raw in reading(logs.one_of([message])) for each in line.announced(raw)):
        missing.append("an announcement by its message")
    if not starts.has_attempts(aws, subscriber.log_group, since):
        missing.append("every announcement")
    if (
        aws.is_aws
        and subscriber.kind != WORKER
        and not any((raw.value or {}).get("type") == REPORT for raw in reading(logs.one_of([request])))
    ):
        missing.append("Lambda's report by its request")
    return missing


REPORT = "platform.report"


def metrics(verification: Verification) -> str:
    """CloudWatch has made numbers of the lines that functions print."""
    if not verification.stack.aws.is_aws:
        raise NotShown("the embedded AWS makes metrics of log lines by our own code, which proves nothing of AWS's")
    happy, began = _happy(verification), verification.clock()
    reached = [each for each in verification.reached if each.task in happy]

    def measured(subscriber: DeployedSubscriber) -> list[float] | None:
        return _values(verification, subscriber)

    found = verification.wait_at(reached, measured, METRIC, f"no metric {names.PROBE} in {names.NAMESPACE}")
    verification.learn("when does GetMetricData show what a function printed?", "seconds", verification.clock() - began)
    return f"{names.PROBE} measured at {counted(len(found), 'subscriber')}"


def _values(verification: Verification, subscriber: DeployedSubscriber) -> list[float] | None:
    probe = of_task(names.PROBE, "SampleCount", stack=verification.stack.name, task=subscriber.task)
    found = read_metrics(subscriber.aws, [probe], verification.since, probes.now() + timedelta(minutes=1))
    return [value for _, value in found.get(probe, ())] or None


def trace(verification: Verification) -> str:
    """X-Ray has a trace with the id that a function's log line names."""
    if not verification.stack.aws.is_aws:
        raise NotShown("the embedded AWS keeps no traces")
    happy = _happy(verification)
    ids = [
        outcome.trace_id
        for each in verification.reached
        if each.task in happy
        for outcome in verification.lines(each, happy[each.task])
        if outcome.trace_id
    ]
    traced = [each for each in verification.reached if _is_traced(each)]
    if not traced:
        raise NotShown("no function is traced: tracing is 'pass-through' in the settings")
    if not ids:
        raise Failed("no outcome names a trace: the functions are not traced, or their log lines say nothing of it")
    xray, began = verification.stack.aws.session.client("xray"), verification.clock()

    def found() -> list[Any]:
        try:
            return list(xray.batch_get_traces(TraceIds=ids[:5])["Traces"])
        except ClientError as error:
            if "AccessDenied" in code_of(error):
                raise NotShown("these credentials may not xray:BatchGetTraces") from None
            raise

    traces = verification.wait(found, TRACE, f"none of {len(ids[:5])} traces that log lines name is in X-Ray")
    verification.learn("when is a trace readable?", "seconds", verification.clock() - began)
    return f"{counted(len(traces), 'trace')} of {len(ids[:5])} found"


def _is_traced(subscriber: DeployedSubscriber) -> bool:
    return subscriber.kind != WORKER and subscriber.function.get("TracingConfig", {}).get("Mode") == "Active"


def _happy(verification: Verification) -> dict[str, probes.Probe]:
    """That of an earlier step, or one for this step alone."""
    return verification.sent.get("done") or verification.publish("done")
