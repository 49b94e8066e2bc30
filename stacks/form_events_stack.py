"""One environment's topic and everything that listens to it."""

from typing import Any

from constructs import Construct

from fanout.constructs import FanoutStack, Heartbeat, Monitoring, OperatorPolicies, Subscriber, Topic
from stacks.archive import Archive
from stacks.email_sender import grant_send_email
from stacks.form_settings import FormSettings
from stacks.policy_descriptions import keep_policy_descriptions
from stacks.webhook import Webhook


class FormEventsStack(FanoutStack):
    """A subscriber is added here: one more `Subscriber(...)`, and a folder of its task's name in lambdas/."""

    def __init__(self, scope: Construct, id_: str, *, settings: FormSettings, **kwargs: Any) -> None:
        super().__init__(scope, id_, settings=settings, **kwargs)
        forms = Topic(self, "FormSubmitted", settings=settings)
        archive = Archive(self, "Archive", settings=settings)
        webhook = Webhook(self, "Webhook", settings=settings)

        confirmation = Subscriber(
            self,
            "SendConfirmation",
            topic=forms,
            task="send_confirmation",
            environment={"EMAIL_SENDER": settings.email_sender},
        )
        grant_send_email(confirmation.function, sender=settings.email_sender)

        archiving = Subscriber(
            self,
            "ArchiveSubmission",
            topic=forms,
            task="archive_submission",
            idempotent=True,  # the conditional write to the archive
            environment={"ARCHIVE_BUCKET": archive.bucket.bucket_name},
        )
        archive.grant_write(archiving.function)

        notification = Subscriber(
            self,
            "NotifyWebhook",
            topic=forms,
            task="notify_webhook",
            environment={"WEBHOOK_URL": webhook.url, "WEBHOOK_SECRET_ARN": webhook.secret.secret_arn},
        )
        webhook.secret.grant_read(notification.function)

        Heartbeat(self, "Heartbeat", topic=forms)
        self.monitoring = Monitoring(self, "Watch", topic=forms)
        operators = OperatorPolicies(self, "Operator", topic=forms)
        archive.grant_read(operators.replay)
        operators.let_erase(archive.bucket)
        keep_policy_descriptions(forms, operators)
