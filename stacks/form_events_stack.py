"""One environment's topic and everything that listens to it."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.monitoring import Watch
from fanout.constructs.operator_policies import OperatorPolicies
from fanout.constructs.settings import Settings
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import FormTopic
from stacks.archive import Archive
from stacks.email_sender import grant_send_email
from stacks.webhook import Webhook


class FormEventsStack(cdk.Stack):
    """A subscriber is added here: one more `Subscriber(...)`, and a folder of its task's name in lambdas/."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, **kwargs: Any) -> None:
        settings.validate()
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=settings.account, region=settings.region),
            synthesizer=_SYNTHESIZERS[settings.deploy_with](),
            termination_protection=settings.removal_policy is cdk.RemovalPolicy.RETAIN,
            **kwargs,
        )
        self.template_options.metadata = {"fanout": {"production": self.termination_protection}}
        topic = FormTopic(self, "FormSubmitted", settings=settings).topic
        archive = Archive(self, "Archive", settings=settings)
        webhook = Webhook(self, "Webhook", settings=settings)

        confirmation = Subscriber(
            self,
            "SendConfirmation",
            topic=topic,
            task="send_confirmation",
            settings=settings,
            variables={"EMAIL_SENDER": settings.email_sender},
        )
        grant_send_email(confirmation.function, sender=settings.email_sender)

        archiving = Subscriber(
            self,
            "ArchiveSubmission",
            topic=topic,
            task="archive_submission",
            settings=settings,
            idempotency=False,  # the conditional write to the archive already is
            variables={"ARCHIVE_BUCKET": archive.bucket.bucket_name},
        )
        archive.grant_write(archiving.function)

        notification = Subscriber(
            self,
            "NotifyWebhook",
            topic=topic,
            task="notify_webhook",
            settings=settings,
            variables={"WEBHOOK_URL": webhook.url, "WEBHOOK_SECRET_ARN": webhook.secret.secret_arn},
        )
        webhook.secret.grant_read(notification.function)
        OperatorPolicies(self, "Operator", topic=topic, settings=settings)
        Heartbeat(self, "Heartbeat", topic=topic, settings=settings)
        Watch(self, "Watch", topic=topic, settings=settings)


_SYNTHESIZERS = {
    "bootstrap-roles": cdk.DefaultStackSynthesizer,
    "cli-credentials": cdk.CliCredentialsStackSynthesizer,
}
