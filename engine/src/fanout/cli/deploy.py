"""`fanout deploy check|prepare|stacks`: what a deployment needs, before anything is changed."""

import os
import sys
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import DENIED, code_of, missing_action, one_line
from fanout.cli.aws_command import answered
from fanout.cli.options import Yes
from fanout.errors import OpsError
from fanout.ops.deploy import preflight

Env = Annotated[str, typer.Argument(metavar="ENV", help="dev, prod, ...: a settings entry.")]
Assembly = Annotated[Path, typer.Option(metavar="FOLDER", help="What `make synth` wrote.")]


def check(env: Env, assembly: Assembly = Path("cdk.out")) -> None:
    """Say which facts of the account do not hold, and refuse credentials that cannot deploy. Changes nothing."""
    _run(env, assembly, prepare=False)


def prepare(env: Env, assembly: Assembly = Path("cdk.out"), yes: Yes = False) -> None:
    """Check, say where the deployment goes, and bootstrap an account. One that has the CDK's bootstrap stack is left alone."""
    _run(env, assembly, prepare=True, yes=yes)


def stacks(env: Env, assembly: Assembly = Path("cdk.out")) -> None:
    """Print the names of the environment's stacks, for the CDK CLI: `*-prod` would also mean those of pre-prod."""
    typer.echo(" ".join(preflight.stacks_of(assembly, env)))


def _run(env: str, assembly: Path, *, prepare: bool, yes: bool = False) -> None:
    preflight.refuse_another_endpoint(os.environ.get("AWS_ENDPOINT_URL"))
    destination = preflight.destination(assembly, env)
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # boto3 itself reads only AWS_DEFAULT_REGION
    decided = yes or bool(os.environ.get("CI"))
    asks = sys.stdin.isatty() and not destination.needs.keeps
    try:
        if prepare:
            preflight.prepare(
                destination,
                session,
                typer.echo,
                sure=lambda line: decided or (asks and answered(f"{line}. Deploy it there?")),
            )
        else:
            preflight.check(destination, session, typer.echo)
    except (BotoCoreError, ClientError) as error:
        raise OpsError(_one_line(error)) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, ClientError) and code_of(error) in DENIED:
        return f"these credentials may not {missing_action(error)}: sign in with a role that may deploy"
    return one_line(error)
