"""What `make deploy` asks before it changes anything: which stack, whose credentials, which region, bootstrapped or not.

The answers come from the synthesized assembly and from AWS. Anything that would fail in the middle of a deployment
fails here, in one line.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

UNKNOWN = "unknown-"
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Written by `cdk bootstrap`: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""


class Refused(Exception):
    """Nothing was changed; the message says why, and what to do."""


@dataclass(frozen=True)
class Destination:
    """Where a stack goes. `account` and `region` are None unless the settings pin them."""

    stack: str
    account: str | None
    region: str | None


def destination(assembly: Path, stack: str) -> Destination:
    """Reads what the synthesized assembly says of `stack`."""
    artifacts: dict[str, Any] = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    if stack not in stacks or stack.endswith("-local"):
        names = [name.partition("-")[2] for name in stacks if not name.endswith("-local")]
        hint = "; local is for `make up`" if stack.endswith("-local") else ""
        raise Refused(f"ENV is {stack.partition('-')[2]!r}: expected {', '.join(names)}{hint}")
    account, region = str(stacks[stack]["environment"]).removeprefix("aws://").split("/")
    return Destination(stack, _known(account), _known(region))


def check(wanted: Destination, session: boto3.Session) -> tuple[str, str]:
    """The account and region that will be deployed to; raises Refused for credentials that must not or cannot."""
    region = wanted.region or session.region_name
    if region is None:
        raise Refused(f"no region for {wanted.stack}: set AWS_REGION, or region in stacks/settings.py")
    account = _account(session, region)
    if wanted.account not in (None, account):
        raise Refused(f"{wanted.stack} belongs to account {wanted.account}, and these credentials to {account}")
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
            raise Refused(f"`cdk bootstrap aws://{account}/{region}` failed: nothing was deployed")
    say(f"{wanted.stack} -> account {account}, region {region}")


def _account(session: boto3.Session, region: str) -> str:
    account: str = session.client("sts", region_name=region).get_caller_identity()["Account"]
    return account


def _refuse_another_endpoint(url: str | None) -> None:
    if url:
        raise Refused(f"AWS_ENDPOINT_URL is {url}: this shell talks to the embedded AWS; deploy from another one")


def _known(name: str) -> str | None:
    return None if name.startswith(UNKNOWN) else name


def _said_plainly(error: Exception) -> str:
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials: run `aws sso login`, or set AWS_PROFILE"
    if isinstance(error, NoRegionError):
        return "no region: set AWS_REGION"
    if isinstance(error, ClientError):
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if "Expired" in code:
            return "the AWS credentials have expired: sign in again, as with `aws sso login`"
        return f"AWS refused {error.operation_name} ({code}): {message}"
    return f"AWS could not be asked: {error}"


def main(arguments: list[str]) -> int:
    """`python -m ops.preflight check|prepare cdk.out FormEvents-dev`: 0 to go on, 1 with one line on standard error.

    `prepare` bootstraps the account if it has to; `check` changes nothing.
    """
    step, assembly, stack = arguments
    try:
        _refuse_another_endpoint(os.environ.get("AWS_ENDPOINT_URL"))
        wanted = destination(Path(assembly), stack)
        session = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # boto3 itself reads only AWS_DEFAULT_REGION
        if step == "prepare":
            prepare(wanted, session, print)
        else:
            check(wanted, session)
    except (Refused, BotoCoreError, ClientError) as error:
        print(f"error: {error if isinstance(error, Refused) else _said_plainly(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
