"""Where a log line and a trace can be read in AWS's own console; nowhere on an embedded AWS."""

from dataclasses import dataclass
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from fanout.ops.aws.discovery import DeployedSubscriber, Stack
from fanout.ops.aws.line import Line


@dataclass(frozen=True)
class Links:
    """Of one attempt; "" where there is none."""

    log: str = ""
    trace: str = ""


def links(stack: Stack, subscriber: DeployedSubscriber, line: Line) -> Links:
    """The log from its stream, the trace by its id."""
    if not stack.aws.is_aws:
        return Links()
    home = f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home?region={stack.region}"
    group, log = _group(subscriber), ""
    if group and line.log_stream:
        log = f"{home}#logsV2:log-groups/log-group/{_twice(group)}/log-events/{_twice(line.log_stream)}"
    return Links(log, f"{home}#xray:traces/{quote(line.trace_id, safe='')}" if line.trace_id else "")


def _group(subscriber: DeployedSubscriber) -> str:
    """A link is no reason to show nothing."""
    try:
        return subscriber.log_group
    except (ClientError, BotoCoreError):
        return ""


def _twice(text: str) -> str:
    """As that page writes its own addresses: percent-encoded twice, with $ for %."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
