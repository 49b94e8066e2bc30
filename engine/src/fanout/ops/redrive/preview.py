"""Before a redrive or a replay: whether it is the time for it."""

from fanout.errors import OpsError
from fanout.ops.aws.subscriber import DIRECT, WORKER, DeployedSubscriber
from fanout.ops.status import report as status
from fanout.ops.status.health import UNKNOWN, Health


def refuse_if_unsafe(subscriber: DeployedSubscriber, *, force: bool) -> None:
    """A paused subscriber would keep the events waiting, one that fails would dead-letter them again."""
    health = status.health(subscriber)
    off = is_off(health)
    why = not_known(health) or (f"{off}: fanout resume it first" if off else still_fails(health))
    if why and not force:
        raise OpsError(f"{why}; --force does it all the same")


def is_off(health: Health) -> str | None:
    """That what is sent to it waits; None while it is worked on. A function that its topic calls is called by a redrive as well."""
    off = {WORKER: health.pause is not None, DIRECT: False}.get(health.kind, health.mapping != "Enabled")
    return f"{health.task} is {'paused' if health.pause else health.mapping.lower()}" if off else None


def not_known(health: Health) -> str | None:
    """That nobody can say whether it is off."""
    if health.kind == DIRECT or health.mapping != UNKNOWN:
        return None
    why = f" ({'; '.join(dict.fromkeys(health.unread))})" if health.unread else ""
    return f"whether {health.task} is paused could not be read{why}: run it again"


def still_fails(health: Health) -> str | None:
    """That its last attempt failed, and events wait for the next."""
    error, done = health.last_error, health.last_success
    if error is None or not (health.waiting or health.in_flight or health.delayed) or (done and done >= error.at):
        return None
    return (
        f"{health.task} still fails ({error.error_type}: {error.error}), and events wait in its queue: mend that first"
    )
