"""Where a log line and a trace can be read in AWS's own console; nowhere on an embedded AWS."""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from fanout.ops.aws.addresses import log_address, trace_address
from fanout.ops.aws.line import Line
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import DeployedSubscriber


@dataclass(frozen=True)
class Links:
    """Of one attempt; "" where there is none."""

    log: str = ""
    trace: str = ""


def links(stack: Stack, subscriber: DeployedSubscriber, line: Line) -> Links:
    """The log from its stream, the trace by its id."""
    if not stack.aws.is_aws:
        return Links()
    group = _group(subscriber)
    log = log_address(stack.region, group, line.log_stream) if group and line.log_stream else ""
    return Links(log, trace_address(stack.region, line.trace_id) if line.trace_id else "")


def _group(subscriber: DeployedSubscriber) -> str:
    """A link is no reason to show nothing."""
    try:
        return subscriber.log_group
    except (ClientError, BotoCoreError):
        return ""
