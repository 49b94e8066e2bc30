"""Checks what a deployment needs before anything is changed: the stack, the credentials, the region, the bootstrap stack.

The answers come from the synthesized assembly and from AWS. Anything that would fail in the middle of a deployment
fails here, in one line.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from fanout.errors import OpsError
from fanout.project import product, stack_name

LOCAL = "local"
UNKNOWN = "unknown-"
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Written by `cdk bootstrap`: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""


@dataclass(frozen=True)
class Destination:
    """Where a stack goes. `account` and `region` are None unless the settings pin them."""

    stack: str
    account: str | None
    region: str | None


def destination(assembly: Path, env: str) -> Destination:
    """Reads what the synthesized assembly says of the stack of `env`."""
    artifacts: dict[str, Any] = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    stack = stack_name(env)
    if stack not in stacks or env == LOCAL:
        names = [name.removeprefix(f"{product()}-") for name in stacks if name != stack_name(LOCAL)]
        hint = "; local is for `make up`" if env == LOCAL else ""
        raise OpsError(f"ENV is {env!r}: expected {', '.join(names)}{hint}")
    account, region = str(stacks[stack]["environment"]).removeprefix("aws://").split("/")
    return Destination(stack, _known(account), _known(region))


def check(wanted: Destination, session: boto3.Session) -> tuple[str, str]:
    """The account and region that will be deployed to; raises OpsError for credentials that must not or cannot."""
    region = wanted.region or session.region_name
    if region is None:
        raise OpsError(f"no region for {wanted.stack}: set AWS_REGION, or region in stacks/settings.py")
    account = _account(session, region)
    if wanted.account not in (None, account):
        raise OpsError(f"{wanted.stack} belongs to account {wanted.account}, and these credentials to {account}")
    return account, region


def is_bootstrapped(session: boto3.Session, region: str) -> bool:
    """Whether this account has what the CDK needs in `region`."""
    try:
        session.client("ssm", region_name=region).get_parameter(Name=BOOTSTRAP_PARAMETER)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return False
        raise
    return True


def prepare(
    wanted: Destination,
    session: boto3.Session,
    say: Callable[[str], None],
    run: Callable[[list[str]], int] = subprocess.call,
) -> None:
    """Checks, says where the deployment goes, and bootstraps an account that never saw the CDK."""
    account, region = check(wanted, session)
    if not is_bootstrapped(session, region):
        say(f"account {account} is not bootstrapped in {region}: running `cdk bootstrap` once")
        if run(["cdk", "bootstrap", f"aws://{account}/{region}"]) != 0:
            raise OpsError(f"`cdk bootstrap aws://{account}/{region}` failed: nothing was deployed")
    say(f"{wanted.stack} -> account {account}, region {region}")


def _account(session: boto3.Session, region: str) -> str:
    account: str = session.client("sts", region_name=region).get_caller_identity()["Account"]
    return account


def refuse_another_endpoint(url: str | None) -> None:
    if url:
        raise OpsError(f"AWS_ENDPOINT_URL is {url}: this shell talks to the embedded AWS; deploy from another one")


def _known(name: str) -> str | None:
    return None if name.startswith(UNKNOWN) else name
