"""`fanout work`: a task's worker, outside of Lambda."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import boto3
import typer

from fanout import names
from fanout.cli.aws_command import Target, aws_command, connect
from fanout.cli.output import errors
from fanout.errors import Unusable
from fanout.ops.worker import place_of, use_role
from fanout.project import find_root


@aws_command
def work(
    target: Target,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The subscriber's task, as in notify_webhook.")],
    health: Annotated[
        Path | None, typer.Option("--health", metavar="FILE", help="Write there every few seconds whether it lives.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="Answer GET /live and /ready there; 0: any.")
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="For --port.")] = "127.0.0.1",
    one_at_a_time: Annotated[
        bool, typer.Option("--one-at-a-time", help="One event, in the main thread: breakpoint() stops in it.")
    ] = False,
) -> None:
    """Work on a task's events in this process until it is told to stop: outside of Lambda, or with breakpoints.

    Without --env the environment has the variables, as in a container. With --env they are the deployed subscriber's; a
    production stack is refused. SIGTERM or Ctrl-C: what is begun is finished, the rest goes back; once more: at once.
    """
    try:
        task = _begun(target, task)
        from fanout.worker.process import Options, leave, run  # the runtime reads its variables when it is imported

        leave(run(Options(_paths(task), health, host, port, one_at_a_time)))
    except KeyboardInterrupt:  # before it heeds signals by itself: nothing was taken yet
        sys.exit(0)


def _begun(target: Target, task: str) -> str:
    """The task, whose variables are in the environment then."""
    if _is_told(target):
        if os.environ.setdefault(names.TASK, task) != task:
            raise Unusable(
                f"{names.TASK} is {os.environ[names.TASK]}, and not {task}: the environment is another task's"
            )
        if target.region:
            os.environ["AWS_REGION"] = target.region
        if target.profile:
            os.environ["AWS_PROFILE"] = target.profile
        return task
    return _from_stack(target, task)


def _is_told(target: Target) -> bool:
    """Whether the environment has a worker's variables, FANOUT_STACK among them, and nobody asked for another stack."""
    return names.QUEUE_URL in os.environ and not target.env and target.stack in (None, os.environ.get(names.STACK))


def _from_stack(target: Target, task: str) -> str:
    stack = connect(target)
    stack.require_deployed("fanout work")
    place = place_of(stack, task)
    if place.role is not None:
        use_role(stack.aws, place.role, place.task)
    else:
        boto3.setup_default_session(profile_name=target.profile, region_name=stack.aws.region)
    os.environ.update(place.variables)
    os.environ[names.TASK] = place.task
    if place.shared_with is not None:
        errors.print(
            f"{place.shared_with} takes messages too: fanout pause {place.task} leaves them all to this worker",
            style="dim",
        )
    return place.task


def _paths(task: str) -> Sequence[str]:
    """In an app: lambdas/, and the packages that the task pins. In a container: the working directory, as in a function's zip."""
    root = find_root()
    if not (root / "lambdas" / task).is_dir():
        return [str(Path.cwd())]
    from fanout.packaging.dependencies import dependencies_of
    from fanout.packaging.targets import local_target

    packages = dependencies_of(root, task, local_target())
    return [str(root / "lambdas"), *([str(packages / "python")] if packages else [])]
