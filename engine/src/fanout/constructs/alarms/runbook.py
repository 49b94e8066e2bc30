"""What an alarm says to whoever it wakes: what it means, what to run, where to look, whose it is. Made from data.

The description is the message: CloudWatch sends it, and the console and `fanout status` show it. Its first line can
stand alone.
"""

import re
from dataclasses import dataclass

from constructs import Construct

from fanout.constructs.cdk_cache import name_of_stack, region_of_stack
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.settings import Settings

OPERATIONS = "docs/operations.md"
LONGEST = 1024
"""CloudWatch's limit: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
LONGEST_NAME = 120
"""Room for what CloudFormation names: the log group, and the region twice."""

CAUSES = 'filter outcome in ["failed","dead"]|stats count() by error_type,error'
OUTCOMES = "filter ispresent(outcome)|stats count(),max(duration_ms) by outcome,bin(5m)"
ENDS = 'filter type="platform.report"|stats count(),max(record.metrics.durationMs) by record.status,bin(5m)'

_STATUS = "fanout status"
_INTAKE = "fanout intake status"
_LOOK = "fanout dead list {task}"
_REDRIVE = "fanout dead redrive {task} --all"
_PAUSE = "fanout pause {task} --reason 'dead letters grow'"
_RESUME = "fanout resume {task}"


@dataclass(frozen=True)
class Runbook:
    """Commands in the order they are run, without `--stack`, and a query of the function's log where it can help."""

    commands: tuple[str, ...]
    query: str = ""


RUNBOOKS = {
    "dead-letter": Runbook((_LOOK, _REDRIVE), CAUSES),
    "event-died": Runbook((_LOOK, _REDRIVE), CAUSES),
    "dead-letter-old": Runbook((_LOOK, _REDRIVE), CAUSES),
    "dead-letter-growth": Runbook((_LOOK, _PAUSE), CAUSES),
    "queue-age": Runbook((_STATUS, _RESUME), OUTCOMES),
    "queue-backlog": Runbook((_STATUS,), OUTCOMES),
    "queue-paused": Runbook((_STATUS, _RESUME), OUTCOMES),
    "incomplete": Runbook((_STATUS, _LOOK), OUTCOMES),
    "heartbeat-missed": Runbook((_STATUS, "fanout doctor"), OUTCOMES),
    "heartbeat-silent": Runbook(("fanout doctor", _STATUS)),
    "function-errors": Runbook((_STATUS, _LOOK), ENDS),
    "function-throttles": Runbook((_STATUS,), ENDS),
    "function-timeouts": Runbook((_STATUS, _LOOK), ENDS),
    "function-slow": Runbook((_STATUS,), OUTCOMES),
    "left-over": Runbook((_STATUS, _LOOK), CAUSES),
    "worker-absent": Runbook((_STATUS, _RESUME)),
    "filtered-out": Runbook((_STATUS,)),
    "event-dropped": Runbook((_STATUS,), OUTCOMES),
    "destination-failed": Runbook((_STATUS, "fanout doctor"), OUTCOMES),
    "delivery-failed": Runbook((_STATUS, "fanout dead list")),
    "event-waits": Runbook((_STATUS,), ENDS),
    "delivery-dead-letter": Runbook((_STATUS, _LOOK)),
    "redrive-failed": Runbook((_STATUS,)),
    "nothing-published": Runbook((_STATUS,)),
    "stored-not-emitted": Runbook((_INTAKE,)),
    "entry-refused": Runbook((_INTAKE, "fanout intake retry REFERENCE")),
    "intake-failing": Runbook((_INTAKE,)),
    "intake-stream-behind": Runbook((_INTAKE,)),
    "intake-throttled": Runbook((_INTAKE,)),
    "needs-a-person": Runbook((_STATUS,)),
}
"""By kind of alarm. Each kind is a heading of docs/operations.md."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What an alarm is about, and where that is. `task` and `log_group` are empty for what no task owns."""

    scope: Construct
    settings: Settings
    owner: str
    task: str = ""
    log_group: str = ""


def describe(kind: str, means: str, place: Place) -> str:
    """The alarm's description."""
    runbook = RUNBOOKS[kind]
    lines = [f"{place.task or place.settings.name}: {means}"]
    lines += [f"$ {each.format(task=place.task)} {where(place)}" for each in runbook.commands]
    if runbook.query and place.log_group:
        lines.append(f"Log: {_link(runbook.query, place)}")
    lines.append(f"Runbook: {OPERATIONS}#{kind}")
    lines.append(f"Owner: {place.owner}")
    text = "\n".join(lines)
    room = len(re.sub(r"\$\{Token\[[^]]*\]\}", "", text)) + (LONGEST_NAME if place.log_group else 0)
    if room > LONGEST:
        raise ConfigurationError(
            f"alarm {kind} of {place.task or place.settings.name}: its description has {room} characters:"
            f" expected at most {LONGEST}: shorten the owner, or the name of the stack"
        )
    return text


def where(place: Place) -> str:
    """How the operator's commands are told which stack, in any folder."""
    return f"--stack {name_of_stack(place.scope)}"


def _link(query: str, place: Place) -> str:
    """CloudWatch Logs Insights with the query filled in: its fragment escapes with * where a URL has %."""
    region = region_of_stack(place.scope)
    escaped = re.sub(r"[^A-Za-z0-9_.-]", lambda found: f"*{ord(found[0]):02x}", query)
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:logs-insights$3FqueryDetail$3D"
        f"~(end~0~start~-10800~timeType~'RELATIVE~unit~'seconds~editorString~'{escaped}~source~(~'{place.log_group}))"
    )
