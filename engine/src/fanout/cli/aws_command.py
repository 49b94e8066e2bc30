"""What every command that asks AWS shares: which stack, whose credentials, and one line for whatever goes wrong."""

import functools
import inspect
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import one_line
from fanout.cli.options import stack_of_env
from fanout.cli.output import errors
from fanout.errors import Unusable
from fanout.ops.aws.discovery import find
from fanout.ops.aws.session import Aws
from fanout.ops.aws.stack import Stack
from fanout.ops.interrupt import ended_like_ctrl_c
from fanout.ops.reason import kept_reason
from fanout.project import product
from fanout.words import printable

Result = TypeVar("Result")
INTERRUPTED = 130
"""Exit status of a command that was asked to stop."""


@dataclass(frozen=True)
class Target:
    """Which stack, and by whose credentials: the four options that every such command has."""

    stack: Annotated[
        str | None,
        typer.Option(
            "--stack",
            "-s",
            metavar="STACK",
            envvar=names.STACK,
            help="The stack's name, or the ARN of a topic that no stack of ours has.",
        ),
    ] = None
    env: Annotated[
        str | None, typer.Option("--env", "-e", metavar="ENV", help="dev, prod, ...: the stack <product>-ENV.")
    ] = None
    profile: Annotated[str | None, typer.Option("--profile", metavar="PROFILE", help="Of ~/.aws/config.")] = None
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Else AWS_REGION, or the profile's.")
    ] = None


def aws_command(command: Callable[..., Result]) -> Callable[..., Result]:
    """Gives `command`, whose first parameter is a Target, a Target's options in place of it.

    Every error of AWS becomes one line; Ctrl-C, `kill` and a closed terminal a quiet exit status 130, after a clean-up.
    """
    options = inspect.signature(Target).parameters

    @functools.wraps(command)
    def run(**given: Any) -> Result:
        try:
            with ended_like_ctrl_c():
                return command(Target(**{name: given.pop(name) for name in options}), **given)
        except (ClientError, BotoCoreError) as error:
            raise Unusable(one_line(error)) from None
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    signature = inspect.signature(command)
    _, *own = signature.parameters.values()
    named = [each.replace(kind=each.KEYWORD_ONLY) for each in (*own, *options.values())]
    run.__signature__ = signature.replace(parameters=named)  # type: ignore[attr-defined]  # what Typer reads
    run.__annotations__ = {each.name: each.annotation for each in named}
    return run


def connect(target: Target, prepare: Callable[[boto3.Session], None] | None = None) -> Stack:
    """The stack, and on stderr what of it could not be followed. `prepare` sees the session before any client."""
    aws, name = place(target)
    if prepare is not None:
        prepare(aws.session)
    found = find(aws, name)
    for each in found.unseen:
        errors.print(f"not seen: {printable(each)}", style="red")
    return found


def place(target: Target) -> tuple[Aws, str]:
    """Where the stack is, and its name or its environment's; --env wins over FANOUT_STACK."""
    name = stack_of_env(target.env) if target.env else target.stack or _stack_by_older_variable()
    if not name:
        raise Unusable("which stack? give --env dev (or staging, prod, ...), or --stack, or set FANOUT_STACK")
    return Aws(profile=target.profile, region=target.region), name


def _stack_by_older_variable() -> str | None:
    """From the variable that version 0.2 read, as in ORDER_EVENTS_STACK of the product OrderEvents; gone in 0.4."""
    product_in_capitals = re.sub(r"(?<!^)(?=[A-Z])", "_", product()).upper()
    return os.environ.get(f"{product_in_capitals}_STACK")


def confirm(question: str, *, yes: bool) -> None:
    """Asks on a terminal. Without one, and without --yes, nothing is done."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Unusable(f"{question}: nobody is here to ask; give --yes")
    if not answered(question):
        raise Unusable("nothing was done")


def answered(question: str) -> bool:
    """Whether a person says yes; Ctrl-C and Ctrl-D at the question end the command as an interrupt, before anything is done."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None


def require_reason(reason: str) -> str:
    """The reason on one line; refuses an empty one."""
    return kept_reason(reason, '--reason "the receiver was down, INC-123"')
