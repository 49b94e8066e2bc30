"""A stack of one settings entry."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from fanout import names
from fanout.constructs.settings import Settings

_SYNTHESIZERS = {
    "bootstrap-roles": cdk.DefaultStackSynthesizer,
    "cli-credentials": cdk.CliCredentialsStackSynthesizer,
}


class FanoutStack(cdk.Stack):
    """Goes to the account and region of `settings`; is protected from deletion where they keep data."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, **kwargs: Any) -> None:
        settings.validate()
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=settings.account, region=settings.region),
            synthesizer=_SYNTHESIZERS[settings.deploy_with](),
            termination_protection=settings.keeps,
            **kwargs,
        )
        self.template_options.metadata = {names.METADATA: {names.PRODUCTION_METADATA: settings.keeps}}
