"""What to do with a stack before it is deployed, for each state that CloudFormation has a word for.

What the CDK CLI does with a state was read in its own source, version 2.1148: it deletes and makes anew a stack whose
creation failed, starts anew where a stack was only reviewed, and knows nothing of protection:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html
"""

from dataclasses import dataclass
from typing import Literal

import boto3
from botocore.exceptions import ClientError

from fanout.errors import OpsError

NONE = "NONE"
"""No such stack: the word is ours."""

_WAIT = (
    "another deployment is at work: wait for its end (`aws cloudformation describe-stack-events --stack-name {stack}`)"
)
_UNPROTECT = "aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {stack}"
_DELETE = "aws cloudformation delete-stack --stack-name {stack}"
_ROLL_BACK = (
    "run `make synth && .venv/bin/cdk rollback --app cdk.out {stack}` (its resources become what they were before),"
    " then deploy again"
)
_NEVER_BORN = "its first deployment failed, and nothing of it is in use: run `%s`, then deploy again"


@dataclass(frozen=True)
class Advice:
    """`does`: proceed, wait (for what is at work), or run (what a person must run first). `todo` in one line, if any."""

    does: Literal["proceed", "wait", "run"]
    todo: str = ""


_PROCEED, _BUSY = Advice("proceed"), Advice("wait", _WAIT)
STATES: dict[str, Advice] = {
    NONE: _PROCEED,
    "CREATE_IN_PROGRESS": _BUSY,
    "CREATE_FAILED": Advice("run", _NEVER_BORN % _DELETE),
    "CREATE_COMPLETE": _PROCEED,
    "ROLLBACK_IN_PROGRESS": _BUSY,
    "ROLLBACK_FAILED": Advice("run", _NEVER_BORN % _DELETE),
    "ROLLBACK_COMPLETE": _PROCEED,  # the CDK deletes it, and makes it anew
    "DELETE_IN_PROGRESS": Advice("wait", "it is being deleted: wait (`aws cloudformation wait stack-delete-complete"
                                         " --stack-name {stack}`), then deploy again"),
    "DELETE_FAILED": Advice("run", "its deletion stopped at something that AWS could not delete: see which"
                                   " (`aws cloudformation describe-stack-events --stack-name {stack}`), then run"
                                   f" `{_DELETE} --retain-resources ID ...`"),
    "DELETE_COMPLETE": _PROCEED,
    "UPDATE_IN_PROGRESS": _BUSY,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": _BUSY,
    "UPDATE_COMPLETE": _PROCEED,
    "UPDATE_FAILED": Advice("run", _ROLL_BACK),
    "UPDATE_ROLLBACK_IN_PROGRESS": _BUSY,
    "UPDATE_ROLLBACK_FAILED": Advice("run", _ROLL_BACK),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": _BUSY,
    "UPDATE_ROLLBACK_COMPLETE": _PROCEED,
    "REVIEW_IN_PROGRESS": _PROCEED,  # a change set that nobody executed: nothing was made
    "IMPORT_IN_PROGRESS": _BUSY,
    "IMPORT_COMPLETE": _PROCEED,
    "IMPORT_ROLLBACK_IN_PROGRESS": _BUSY,
    "IMPORT_ROLLBACK_FAILED": Advice("run", "an import could not be taken back: see why (`aws cloudformation"
                                            " describe-stack-events --stack-name {stack}`), then run `aws"
                                            " cloudformation continue-update-rollback --stack-name {stack}`"),
    "IMPORT_ROLLBACK_COMPLETE": _PROCEED,
}  # fmt: skip
"""Every StackStatus of CloudFormation's model; a test compares."""

FAILED_CREATION = ("CREATE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE")
"""Of these the CDK, or the person who reads our advice, deletes the stack: AWS refuses it while the stack is protected."""


@dataclass(frozen=True)
class Found:
    """The stack as it is there now; `state` is NONE when it is not."""

    stack: str
    state: str
    protected: bool = False

    @property
    def exists(self) -> bool:
        return self.state not in (NONE, "DELETE_COMPLETE", "REVIEW_IN_PROGRESS")

    def advice(self) -> Advice:
        """With its commands written out. A state that is newer than this table is one to look at."""
        known = STATES.get(self.state)
        if known is None:
            return Advice("run", f"this version does not know that state: see `{_EVENTS.format(stack=self.stack)}`")
        todo = known.todo
        if self.protected and self.state in FAILED_CREATION:
            steps = [_UNPROTECT] if self.state == "ROLLBACK_COMPLETE" else [_UNPROTECT, _DELETE]
            todo = f"{_NEVER_BORN % '` and `'.join(steps)} (the new one will be protected again)"
            return Advice("run", todo.format(stack=self.stack))
        return Advice(known.does, todo.format(stack=self.stack))


_EVENTS = "aws cloudformation describe-stack-events --stack-name {stack}"


def look(session: boto3.Session, region: str, stack: str) -> Found:
    """One DescribeStacks. Raises ClientError for all but a stack that is not there."""
    try:
        (found,) = session.client("cloudformation", region_name=region).describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return Found(stack, NONE)
        raise
    return Found(stack, found["StackStatus"], found.get("EnableTerminationProtection", False))


def refuse_unready(found: Found) -> None:
    """Raises OpsError, one line with the commands, unless the stack can be deployed as it is."""
    advice = found.advice()
    if advice.does != "proceed":
        raise OpsError(f"{found.stack} is {found.state}: {advice.todo}")
