"""Credentials that may do what some policies of the stack allow, and nothing else: no role and no user is made for it.

Session policies cut down what the caller may do:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from collections.abc import Sequence
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fanout.aws_errors import code_of
from fanout.ops.aws.session import Aws
from fanout.ops.verify.result import NotShown

NAME: Final = "fanout-verify"
SECONDS: Final = 900
"""The least that AWS gives: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
MOST_POLICIES: Final = 10


def limited(aws: Aws, policies: Sequence[str], role: str | None = None) -> Aws:
    """AWS as somebody sees it who holds `policies`. Raises NotShown where no such session is to be had.

    With `role` it is assumed. Without, a user's keys ask for a federated session, and a role assumes itself, which its trust
    policy must allow: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    if len(policies) > MOST_POLICIES:
        raise NotShown(f"{len(policies)} policies: a session can be limited to {MOST_POLICIES}")
    arns: Any = [{"arn": each} for each in policies]
    try:
        chosen = role or _own_role(aws.caller)
        if chosen:
            keys = aws.sts.assume_role(RoleArn=chosen, RoleSessionName=NAME, PolicyArns=arns, DurationSeconds=SECONDS)[
                "Credentials"
            ]
        else:
            keys = aws.sts.get_federation_token(Name=NAME, PolicyArns=arns, DurationSeconds=SECONDS)["Credentials"]
    except (ClientError, BotoCoreError) as error:
        code = code_of(error) if isinstance(error, ClientError) else type(error).__name__
        raise NotShown(
            f"no session with the stack's policies alone ({code}): give --role with the ARN of a role that these"
            " credentials may assume, and that has the rights of a publisher and of an operator"
        ) from None
    return Aws(boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], aws.region))


def _own_role(caller: str) -> str | None:
    """Of arn:aws:sts::1:assumed-role/NAME/session; a role with a path, as of AWS SSO, is not known by it."""
    if ":assumed-role/" not in caller:
        return None
    head, _, rest = caller.partition(":assumed-role/")
    name = rest.partition("/")[0]
    path = "aws-reserved/sso.amazonaws.com/" if name.startswith("AWSReservedSSO_") else ""
    return f"{head.replace(':sts:', ':iam:')}:role/{path}{name}"
