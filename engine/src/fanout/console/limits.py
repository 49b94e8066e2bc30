"""What only looks has the rights to look: of whoever starts the console, cut down to the stack's operator-read policy."""

from collections.abc import Callable

import boto3

from fanout import names
from fanout.errors import OpsError
from fanout.ops.aws.discovery import find
from fanout.ops.aws.stack import Stack
from fanout.ops.verify.result import NotShown
from fanout.ops.verify.session import limited

Prepare = Callable[[boto3.Session], None]


class Limits:
    """`said` is what a person must know: that IAM could not be asked for it. A change is made with their own credentials."""

    def __init__(self, role: str | None) -> None:
        self._role = role
        self.said: list[str] = []
        self._is_refused = self._was_had = False

    def cut_down(self, stack: Stack, prepare: Prepare) -> Stack:
        """The same, by a session of 15 minutes; the next look makes another. As it is on an embedded AWS, unless a role was given.

        Raises OpsError where there was such a session before: nothing looks with more rights than when it started.
        """
        policy = stack.outputs.get(names.OPERATOR_READ_POLICY_ARN_OUTPUT)
        if self._is_refused or not (stack.aws.is_aws or self._role):
            return stack
        if policy is None:
            return self._refused(stack, f"{stack.name} has no operator-read policy (deploy it again)")
        try:
            aws = limited(stack.aws, [policy], self._role)
        except NotShown as error:
            return self._refused(stack, str(error))
        self._was_had = True
        prepare(aws.session)
        return find(aws, stack.name)

    def _refused(self, stack: Stack, why: str) -> Stack:
        if self._was_had:
            raise OpsError(f"no session with the rights to look alone is to be had at this moment: {why}")
        self._is_refused = True
        self.said.append(f"it looks with all rights of these credentials, and not with those to look alone: {why}")
        return stack
