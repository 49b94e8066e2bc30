"""The right to send e-mail from one address."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_


def grant_send_email(function: lambda_.IFunction, *, sender: str) -> None:
    """Allows ses:SendEmail with no other From address than `sender`: the condition is what limits it.

    SES asks for more identities than the sender's: that of a recipient which the account has verified (in its sandbox
    all must be) and the configuration set, named or the sender's default.
    https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
    """
    stack = Stack.of(function)
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["ses:SendEmail"],
            resources=[
                stack.format_arn(service="ses", resource=kind, resource_name="*")
                for kind in ("identity", "configuration-set")
            ],
            conditions={"StringEquals": {"ses:FromAddress": sender}},
        )
    )
