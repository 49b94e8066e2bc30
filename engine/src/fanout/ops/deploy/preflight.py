"""Checks what a deployment needs before anything is changed: the stack, the credentials, the region, the account's facts.

The answers come from the synthesized assembly and from AWS. Anything that would fail in the middle of a deployment
fails here, in one line.
"""

import json
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3

from fanout.errors import OpsError
from fanout.ops.deploy import facts
from fanout.ops.deploy.fact import Account, Fact
from fanout.ops.deploy.needs import Needs, needs_of
from fanout.packaging.tidy import unreadable
from fanout.project import product, stack_name

LOCAL = "local"
UNKNOWN = "unknown-"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Destination:
    """Where a stack goes. `account` and `region` are None unless the settings pin them."""

    stack: str
    account: str | None
    region: str | None
    needs: Needs = field(default=Needs(), compare=False)


def destination(assembly: Path, env: str) -> Destination:
    """Reads what the synthesized assembly says of the stack of `env`."""
    stacks = _stacks(assembly)
    stack, *beside = _of(env, stacks)
    if closed := unreadable(assembly):
        raise OpsError(
            f"Lambda could not read {closed[0]} ({len(closed)} such files): run `make synth`, then try again"
        )
    account, region = str(stacks[stack]["environment"]).removeprefix("aws://").split("/")
    templates = {
        name: json.loads((assembly / each["properties"]["templateFile"]).read_text())
        for name, each in stacks.items()
        if name != stack_name(LOCAL)
    }
    own = templates.pop(stack)
    needs = needs_of(own, others=tuple(templates.values()))
    return Destination(stack, _known(account), _known(region), replace(needs, beside=tuple(beside)))


def stacks_of(assembly: Path, env: str) -> list[str]:
    """The names of the stacks of `env`, the main one first. Raises OpsError."""
    return _of(env, _stacks(assembly))


def _stacks(assembly: Path) -> dict[str, Any]:
    try:
        artifacts = json.loads((assembly / "manifest.json").read_text("utf-8"))["artifacts"]
        return {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        why = getattr(error, "strerror", None) or "its manifest.json is none"
        raise OpsError(f"{assembly} is no assembly of the CDK ({why}): run `make synth`, then try again") from None


def _of(env: str, stacks: Collection[str]) -> list[str]:
    """Of dev, and not of pre-dev: a stack is of the longest entry that its name ends with."""
    entries = [name.removeprefix(f"{product()}-") for name in stacks if name.startswith(f"{product()}-")]
    if not entries:
        raise OpsError(
            f"no stack begins with {product()}-: run it in the folder of the app, whose cdk.json says with what"
        )
    if env not in entries or env == LOCAL:
        hint = "; local is for `make up`" if env == LOCAL else ""
        raise OpsError(f"ENV is {env!r}: expected {', '.join(each for each in entries if each != LOCAL)}{hint}")
    longer = tuple(f"-{each}" for each in entries if each.endswith(f"-{env}"))
    found = [name for name in stacks if name.endswith(f"-{env}") and not name.endswith(longer)]
    return [stack_name(env), *(name for name in found if name != stack_name(env))]


def identify(wanted: Destination, session: boto3.Session) -> Account:
    """The account and region that will be deployed to; raises OpsError for credentials that must not or cannot."""
    region = wanted.region or session.region_name
    if region is None:
        raise OpsError(f"no region for {wanted.stack}: set AWS_REGION, or region in stacks/settings.py")
    caller = session.client("sts", region_name=region).get_caller_identity()
    account, partition = caller["Account"], caller["Arn"].split(":")[1]
    if wanted.account not in (None, account):
        raise OpsError(f"{wanted.stack} belongs to account {wanted.account}, and these credentials to {account}")
    return Account(session, account, region, partition, wanted.stack, wanted.needs)


def check(wanted: Destination, session: boto3.Session, say: Say) -> tuple[Account, list[Fact]]:
    """Asks for every fact, and says those that do not hold or could not be asked. Raises for credentials only."""
    account = identify(wanted, session)
    found = facts.ask(account)
    for each in found:
        if not each.holds:
            say(f"{'refused' if _refuses(each) else 'warning'}: {each.line}")
    return account, found


def prepare(
    wanted: Destination,
    session: boto3.Session,
    say: Say,
    *,
    sure: Callable[[str], bool],
    run: Callable[[list[str]], int] = subprocess.call,
) -> None:
    """Checks, refuses what blocks, says where the deployment goes, and bootstraps an account that never saw the CDK.

    `sure` is asked once, before a stack is new in an account that nothing pins; what is not answered with True ends it.
    """
    account, found = check(wanted, session, say)
    refused = [each for each in found if _refuses(each)]
    if refused:
        raise OpsError(f"{wanted.stack} is not deployed: {', '.join(each.name for each in refused)} (said above)")
    if wanted.account is None and not _is_there(account, found):
        _be_sure(account, sure)
    for command in [list(each.command) for each in found if each.command]:
        say(f"running `{' '.join(command)}` once")
        if run(command) != 0:
            raise OpsError(f"`{' '.join(command)}` failed: nothing was deployed")
    say(f"{wanted.stack} -> account {account.account}, region {account.region}")


def _refuses(fact: Fact) -> bool:
    """What was found false, and is no work of `prepare`."""
    return fact.blocks and fact.holds is False and not fact.command


def _is_there(account: Account, found: list[Fact]) -> bool:
    """Where the stack is, it was meant to be; where nobody could be asked, it is not."""
    asked = any(each.name == "stack" and each.holds is not None for each in found)
    return asked and account.found.exists


def _be_sure(account: Account, sure: Callable[[str], bool]) -> None:
    new = (
        f"{account.stack} is new in account {account.account}, region {account.region}, and its settings pin no account"
    )
    if not sure(new):
        raise OpsError(f"{new}: set account in stacks/settings.py, or say --yes (make deploy ENV=... YES=1)")


def refuse_another_endpoint(url: str | None) -> None:
    if url:
        raise OpsError(f"AWS_ENDPOINT_URL is {url}: this shell talks to the embedded AWS; deploy from another one")


def _known(name: str) -> str | None:
    return None if name.startswith(UNKNOWN) else name
