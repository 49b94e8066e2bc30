"""Pause and resume: the mapping off and on.

Three may switch a mapping: operators, the function whose dependency is down, and the rule that tries it again. Nothing
of Lambda switches only if a tag is, or is not, there, so each looks after it acted, and an operator's word wins: see
`fanout.runtime.circuit_breaker` and `close_circuits` for the others' halves.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import one_line
from fanout.errors import OpsError
from fanout.ops.aws.subscriber import FUNCTION, WORKER, DeployedSubscriber
from fanout.ops.dead_letters import browse
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.pause import reason as pauses
from fanout.ops.pause.reason import Pause
from fanout.words import counted

CIRCUIT_TAG = names.CIRCUIT_TAG
"""On a mapping that the task itself switched off, because its dependency is down; a rule switches it on again."""
PATIENCE = 180.0
"""Lambda takes some seconds to stop or start polling."""
SETTLED = 20.0
"""Seconds for which a mapping with a circuit breaker must stay as it was switched: whoever read its tags before ours were
there acts within two tries of 2 s to connect and 5 s to answer (fanout.runtime.aws), and tags may be read late.
https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html"""
WORKER_SETTLED = 40.0
"""Seconds: a worker looks at its queue's tags every 15, and a request for messages that is under way takes up to 20."""
_OFF = ("Disabled", "Disabling")
_AGAIN = "{}: its mapping was switched off again at the same time: fanout status"
_BUSY = ("ResourceInUseException", "ResourceConflictException", "TooManyRequestsException", "ThrottlingException")
"""https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html#API_UpdateEventSourceMapping_Errors"""


def pause(subscriber: DeployedSubscriber, reason: str, by: str, journal: Journal, stop: Stop) -> Pause:
    """The reason first: a mapping that is off without one would be a riddle. Messages wait, up to the retention.

    The circuit's tag is taken away before and after the switch, as a function may open its circuit meanwhile. Beside a
    resume at the same time, the pause stays: its reason is written once more after the switch, which that resume may not have
    seen when it took the reason away. OpsError when it did not settle within PATIENCE, or AWS refused in the middle.
    """
    noted, is_worker = pauses.said(by, reason), subscriber.kind == WORKER
    if is_worker and not subscriber.has_runtime:
        raise OpsError(
            f"{subscriber.task}: no function takes its messages, and who does is not known to obey a pause: stop it there"
        )
    mapping = {} if is_worker else {"mapping": subscriber.mapping()["UUID"]}
    journal.write("pausing", task=subscriber.task, reason=reason, **mapping)
    tag = partial(subscriber.tag, pauses.TAG, str(noted))
    rest = partial(_await_workers, subscriber, stop) if is_worker else partial(_off, subscriber, tag, stop)
    _carry_out("pause", subscriber, tag, rest)
    journal.write("paused", task=subscriber.task)
    return noted


def resume(subscriber: DeployedSubscriber, journal: Journal, stop: Stop) -> None:
    """The mapping before the reason: if it cannot be switched on, the reason stays. OpsError when somebody else, or the
    circuit, switched it off at the same time: theirs holds; and when AWS refused in the middle.

    The circuit's tag goes before the switch and not after it: a circuit that opened in between would be off without one, for
    good. One that is left on a mapping that is on, `close_circuits` takes away.
    """
    journal.write("resuming", task=subscriber.task)
    if subscriber.kind == WORKER:
        _carry_out("resume", subscriber, partial(subscriber.untag, pauses.TAG), lambda: None)
    else:
        _carry_out("resume", subscriber, partial(subscriber.untag, CIRCUIT_TAG), partial(_on, subscriber, stop))
    journal.write("resumed", task=subscriber.task)


def _carry_out(doing: str, subscriber: DeployedSubscriber, first: Callable[[], None], rest: Callable[[], None]) -> None:
    """Raises what AWS says where it refuses the first step, as nothing was changed; of any other OpsError, with how to go on."""
    is_first = True
    try:
        first()
        is_first = False
        rest()
    except (ClientError, BotoCoreError) as error:
        if is_first and isinstance(error, ClientError):
            raise
        raise OpsError(
            f"{subscriber.task}: the {doing} stopped before its end ({one_line(error)}): perhaps it is half done; fanout"
            f" status says how it is, and fanout {doing} {subscriber.task} goes on"
        ) from None


def _off(subscriber: DeployedSubscriber, tag: Callable[[], None], stop: Stop) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        subscriber.untag(CIRCUIT_TAG)
        _switch(subscriber, on=False, settled=_settled(subscriber), end=end, stop=stop)
        subscriber.untag(CIRCUIT_TAG)
        tag()
        if _is_off(subscriber):
            return


def _on(subscriber: DeployedSubscriber, stop: Stop) -> None:
    end = time.monotonic() + PATIENCE
    _switch(subscriber, on=True, settled=0.0, end=end, stop=stop)
    subscriber.untag(pauses.TAG)
    while _is_off(subscriber):
        if _settled(subscriber):  # a circuit, or a pause that writes its reason once more when it has settled
            raise OpsError(_AGAIN.format(subscriber.task))
        subscriber.tag(
            pauses.TAG, str(pauses.read(subscriber) or pauses.said("somebody", "paused while it was resumed"))
        )
        if _is_off(subscriber):
            raise OpsError(_AGAIN.format(subscriber.task))
        subscriber.untag(pauses.TAG)


def _await_workers(subscriber: DeployedSubscriber, stop: Stop) -> None:
    """They read the tag. OpsError when somebody ended the pause before the last of them had."""
    end = time.monotonic() + WORKER_SETTLED
    while time.monotonic() < end and not stop:
        stop.sleep(1.0)
    if not pauses.read(subscriber):
        raise OpsError(f"{subscriber.task}: somebody resumed it at the same time: fanout status")


def why_not_draining(subscriber: DeployedSubscriber) -> str | None:
    """In one line, when events wait and nothing takes them from the queue; None when they are worked on, or none waits."""
    depth = browse.read_depth(subscriber.aws, subscriber.queue_url)
    if not depth.all:
        return None
    if subscriber.kind == FUNCTION and subscriber.mapping().get("State") != "Disabled":
        return None
    paused = pauses.read(subscriber)
    if paused is None and subscriber.kind == WORKER:
        return None
    why = f"is paused ({paused.reason})" if paused else "has its mapping switched off"
    waits = counted(depth.all, "event waits", "events wait")
    return f"{subscriber.task} {why}: {waits} and none is worked on; fanout resume {subscriber.task} first"


def circuit_in(tags: Mapping[str, str]) -> int | None:
    """Since when (seconds since 1970) a circuit breaker keeps the mapping with these tags off; None when it does not."""
    value = tags.get(CIRCUIT_TAG, "")
    return int(value) if value.isdecimal() else None


def _settled(subscriber: DeployedSubscriber) -> float:
    """Without a circuit breaker nobody but operators switches a mapping."""
    variables = subscriber.function.get("Environment", {}).get("Variables", {})
    return SETTLED if names.CIRCUIT_FAILURES in variables else 0.0


def _is_off(subscriber: DeployedSubscriber) -> bool:
    id_ = subscriber.mapping()["UUID"]
    return subscriber.aws.functions.get_event_source_mapping(UUID=id_).get("State") in _OFF


def _switch(subscriber: DeployedSubscriber, *, on: bool, settled: float, end: float, stop: Stop) -> None:
    """Until it has been as wanted for `settled` seconds. Off, it is switched again each time that somebody else switches
    it meanwhile; on, it gives way: two that insist would never end.

    By its id, as lists of mappings are behind. While Lambda carries out one change it refuses the next.
    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
    """
    wanted, id_ = "Enabled" if on else "Disabled", subscriber.mapping()["UUID"]
    functions, since, accepted = subscriber.aws.functions, None, False
    while True:
        state = functions.get_event_source_mapping(UUID=id_).get("State")
        now = time.monotonic()
        if state == wanted:
            since = now if since is None else since
            if now - since >= settled:
                return
        else:
            since = None
            if on and accepted and state in _OFF:
                raise OpsError(_AGAIN.format(subscriber.task))
            accepted = (state in ("Enabled", "Disabled") and _accepted(subscriber, id_, on)) or accepted
        if now > end or stop:
            raise OpsError(f"{subscriber.task}: its mapping is {state}, not yet {wanted} for good: fanout status")
        stop.sleep(0.5)


def _accepted(subscriber: DeployedSubscriber, id_: str, on: bool) -> bool:
    try:
        subscriber.aws.functions.update_event_source_mapping(UUID=id_, Enabled=on)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _BUSY:
            raise
        return False
    return True
