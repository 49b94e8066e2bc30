"""The right to send e-mail from one address."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_


def grant_send_email(function: lambda_.IFunction, *, sender: str) -> None:
    """Allows ses:SendEmail with the identities of `sender`, the address or its domain, and no other From address.

    https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
    """
    stack = Stack.of(function)
    domain = sender.rpartition("@")[2]
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["ses:SendEmail"],
            resources=[
                stack.format_arn(service="ses", resource="identity", resource_name=identity)
                for identity in (sender, domain)
            ],
            conditions={"StringEquals": {"ses:FromAddress": sender}},
        )
    )
