"""Before a redrive: whether it is the time for it."""

from fanout.errors import OpsError
from fanout.ops.aws.subscriber import DIRECT, WORKER, DeployedSubscriber
from fanout.ops.status import report as status


def refuse_if_unsafe(subscriber: DeployedSubscriber, *, force: bool) -> None:
    """A paused subscriber would keep the events waiting, one that fails would dead-letter them again."""
    health = status.health(subscriber)
    why = None
    # A function that its topic calls is called by a redrive as well: nothing stands between that could be off.
    is_off = {WORKER: health.pause is not None, DIRECT: False}.get(health.kind, health.mapping != "Enabled")
    if is_off:
        why = f"{subscriber.task} is {'paused' if health.pause else health.mapping.lower()}: fanout resume it first"
    elif health.last_error and (health.waiting or health.in_flight or health.delayed):
        if health.last_success is None or health.last_success < health.last_error.at:
            error = f"{health.last_error.error_type}: {health.last_error.error}"
            why = f"{subscriber.task} still fails ({error}), and events wait in its queue: mend that first"
    if why and not force:
        raise OpsError(f"{why}; --force does it all the same")
