"""What runs a task outside of Lambda, as an argument of its subscriber."""

from dataclasses import dataclass

from constructs import Construct

from fanout.constructs.consumer import Consumer, Host
from fanout.constructs.worker.arguments import Arguments


@dataclass(frozen=True, kw_only=True)
class Worker(Arguments):
    """Processes that poll the task's queue: for what takes longer than Lambda's 15 minutes, or needs a machine of its own.

    An attempt may take `longest_attempt`; its message is hidden for `visibility` at a time, again and again, so that another
    worker has it soon where this one is gone. On SIGTERM what is begun has `grace` to end; the rest goes back.
    On Fargate there are `min_workers` to `max_workers`, by what waits and what is worked on; 0 costs nothing while nothing comes,
    and a first event waits for a minute or two, after hours of quiet for up to 20: docs/worker.md. `vpc` None: one of the stack's own, with public subnets and no NAT gateway.
    Elsewhere (`Settings.workers`) `assumed_by` may take the role; None: whom the account allows to.
    """

    def consumer(self, scope: Construct, host: Host) -> Consumer:
        if host.settings.workers == "elsewhere":
            from fanout.constructs.worker.elsewhere import Elsewhere

            return Elsewhere(scope, host, self)
        from fanout.constructs.worker.fargate import Fargate

        return Fargate(scope, host, self)
