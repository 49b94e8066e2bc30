"""A worker's service of ECS, as it is now."""

from dataclasses import dataclass
from typing import Any

from fanout.errors import OpsError
from fanout.ops.aws.session import Aws


@dataclass(frozen=True)
class Service:
    """`desired` is what scaling asks for. `failure`: why its last deployment does not work, in ECS's words; "" where it does."""

    desired: int
    running: int
    pending: int
    failure: str
    definition: str

    @property
    def state(self) -> str:
        """In a word or two, of at most twelve characters."""
        if self.running or self.desired:
            return f"{self.running} of {self.desired} run"
        return "none needed"


def read(aws: Aws, arn: str) -> Service:
    """One DescribeServices. OpsError where there is none any more.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
    """
    cluster = arn.rsplit("/", 2)[-2]
    found = aws.ecs.describe_services(cluster=cluster, services=[arn])["services"]
    if not found or found[0].get("status") == "INACTIVE":
        raise OpsError(f"the service {arn.rsplit('/', 1)[-1]} is gone: deploy the stack again")
    told = found[0]
    return Service(
        told.get("desiredCount", 0),
        told.get("runningCount", 0),
        told.get("pendingCount", 0),
        _failure(told.get("deployments", [])),
        told.get("taskDefinition", ""),
    )


def variables(aws: Aws, definition: str) -> dict[str, str]:
    """That its container is told."""
    (container,) = aws.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]
    return {each["name"]: each["value"] for each in container.get("environment", [])}


def _failure(deployments: list[dict[str, Any]]) -> str:
    """Of the newest one, rolled back or not; and of one whose workers end again and again before it is given up."""
    for each in deployments:
        failed, state = each.get("failedTasks", 0), each.get("rolloutState")
        if state == "FAILED" or (failed and state == "IN_PROGRESS"):
            reason = " ".join(str(each.get("rolloutStateReason", "")).split())
            return f"{failed} of its workers could not start or ended" + (f": {reason}" if reason else "")
    return ""
