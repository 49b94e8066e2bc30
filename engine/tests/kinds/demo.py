"""What this app needs on the embedded AWS: the address of its partner."""

import boto3

from fanout.local.webhook.receiver import Receiver


def prepare(session: boto3.Session, receiver: Receiver) -> None:
    session.client("ssm").put_parameter(
        Name="/every-kind/local/partner-url", Value=receiver.url, Type="String", Overwrite=True
    )
