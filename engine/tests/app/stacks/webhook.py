"""The address that hears of each order, and the secret its requests are signed with."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.order_settings import SSM_PREFIX, OrderSettings


class Webhook(Construct):
    """`url` from settings, or from the SSM parameter they name, and a generated `secret` for the receiver to verify.

    The secret is 32 letters and digits: valid base64, as Standard Webhooks wants its keys
    (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
    """

    def __init__(self, scope: Construct, id_: str, *, settings: OrderSettings) -> None:
        super().__init__(scope, id_)
        self.url = (
            ssm.StringParameter.value_for_string_parameter(self, settings.webhook_url.removeprefix(SSM_PREFIX))
            if settings.webhook_url.startswith(SSM_PREFIX)
            else settings.webhook_url
        )
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Signs the requests of notify_partner; its receiver holds the same value",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=32, exclude_punctuation=True),
            removal_policy=settings.removal_policy,
        )
        CfnOutput(Stack.of(self), "WebhookSecretArn", value=self.secret.secret_arn)
