"""What every on-call command shares: which stack, whose credentials, and one line for whatever goes wrong."""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from fanout.errors import Unusable

if TYPE_CHECKING:
    from fanout.ops.aws.discovery import Stack
    from fanout.ops.journal import Journal

Result = TypeVar("Result")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Task = Annotated[str, typer.Argument(help="The subscriber's task, as in notify_webhook.")]
SomeTask = Annotated[str | None, typer.Argument(help="One subscriber's task; else all.")]
Reason = Annotated[str, typer.Option("--reason", help="Why: it is kept in the journal.")]


@dataclass(frozen=True)
class Target:
    """Which stack, and by whose credentials: the four options that every on-call command has."""

    stack: Annotated[
        str | None,
        typer.Option("--stack", "-s", envvar="FORM_EVENTS_STACK", help="The stack's name.", show_default=False),
    ] = None
    env: Annotated[str | None, typer.Option("--env", "-e", help="dev, prod, ...: the stack FormEvents-<env>.")] = None
    profile: Annotated[str | None, typer.Option("--profile", help="Of ~/.aws/config.")] = None
    region: Annotated[str | None, typer.Option("--region", help="Else AWS_REGION, or the profile's.")] = None


def aws_command(command: Callable[..., Result]) -> Callable[..., Result]:
    """Gives `command`, whose first parameter is a Target, a Target's options in place of it.

    Every error of AWS becomes one line, and Ctrl-C a quiet exit status 130.
    """
    options = inspect.signature(Target).parameters

    @functools.wraps(command)
    def run(**given: Any) -> Result:
        from botocore.exceptions import BotoCoreError, ClientError

        from fanout.ops.aws.errors import one_line

        try:
            return command(Target(**{name: given.pop(name) for name in options}), **given)
        except (ClientError, BotoCoreError) as error:
            raise Unusable(one_line(error)) from None
        except KeyboardInterrupt:
            sys.exit(130)

    signature = inspect.signature(command)
    _, *own = signature.parameters.values()
    named = [each.replace(kind=each.KEYWORD_ONLY) for each in (*own, *options.values())]
    run.__signature__ = signature.replace(parameters=named)  # type: ignore[attr-defined]  # what Typer reads
    run.__annotations__ = {each.name: each.annotation for each in named}
    return run


def connect(target: Target) -> "Stack":
    """The stack by its name or its environment's; --env wins over FORM_EVENTS_STACK."""
    from fanout.ops.aws.discovery import find
    from fanout.ops.aws.session import Aws

    name = f"FormEvents-{target.env}" if target.env else target.stack
    if not name:
        raise Unusable("which stack? give --env dev (or staging, prod, ...), or --stack, or set FORM_EVENTS_STACK")
    return find(Aws(profile=target.profile, region=target.region), name)


def journal_of(stack: "Stack", command: str) -> "Journal":
    from fanout.ops.journal import Journal

    return Journal.open(stack, command)


def confirm(question: str, *, yes: bool) -> None:
    """Asks on a terminal. Without one, and without --yes, nothing is done."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Unusable(f"{question}: nobody is here to ask; give --yes")
    if not typer.confirm(question, err=True):
        raise Unusable("nothing was done")


def require_reason(reason: str) -> str:
    said = " ".join(reason.split())
    if not said:
        raise Unusable('a reason is needed, and it is kept in the journal: --reason "the receiver was down, INC-123"')
    return said


def operator() -> str:
    """Who sits here, beside whose credentials these are."""
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or str(os.getuid())
    return f"{user}@{os.uname().nodename}"
