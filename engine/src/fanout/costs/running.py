"""What workers cost beside their queue: by the hour for which they run, whatever they do in it."""

from fanout import names
from fanout.costs import traffic
from fanout.costs.assumptions import MONTH_HOURS, MONTH_SECONDS, Assumptions
from fanout.costs.idle import Found
from fanout.costs.polling import share_with_any
from fanout.template.workers import Worker, number_of

LINES = 2
"""Of an attempt: received, and its outcome."""


def hears_heartbeats(worker: Worker) -> bool:
    """Not one of which none runs while nothing comes: it would wake for each."""
    return worker.definition is None or worker.bounds[0] > 0


def always(worker: Worker, heartbeats: float, assumed: Assumptions) -> Found:
    """The least tasks of a service, all month, and that they acknowledge heartbeats."""
    yield from _tasks(worker, worker.bounds[0] * MONTH_HOURS, assumed)
    if names.TASK in worker.variables and hears_heartbeats(worker):
        share = share_with_any(heartbeats, MONTH_HOURS)
        yield "metrics of its own", traffic.METRICS_OF_HEARTBEATS * share, "custom-metric"


def delivered(worker: Worker, events: float, assumed: Assumptions) -> Found:
    """Tasks beyond those that always run: as many as the work needs, or one for a while after each event."""
    attempts = events * (1 + assumed.failing)
    least, most = worker.bounds
    needed = attempts * assumed.task_seconds / MONTH_SECONDS / max(1, number_of(worker, names.CONCURRENCY, 1))
    awake = share_with_any(attempts, MONTH_SECONDS / assumed.worker_seconds)
    running = min(max(least, needed, awake), max(least, most))
    yield from _tasks(worker, MONTH_HOURS * (running - least), assumed)
    if worker.definition is not None:
        yield from traffic.kept(worker.log_group, attempts * LINES * assumed.log_bytes_event, assumed)


def worked(worker: Worker, events: float, assumed: Assumptions) -> Found:
    if names.TASK in worker.variables:
        yield from traffic.measured(
            number_of(worker, names.MEASURED_GROUPS, 0), worker.variables.get(names.METRICS), events, assumed
        )
    if worker.role is not None:
        yield from traffic.effects(worker.role, worker.variables, events, assumed)


def _tasks(worker: Worker, hours: float, assumed: Assumptions) -> Found:
    if worker.definition is None:
        return
    share = assumed.worker_spot if worker.is_spot else 1
    yield "workers", hours * share * worker.cpu / 1024, "fargate-vcpu-hour-arm64"
    yield "workers", hours * share * worker.memory_mib / 1024, "fargate-gb-hour-arm64"
    if worker.has_public_address:
        yield "public addresses of workers", hours, "public-address-hour"
