"""One environment's topic and everything that listens to it."""

from typing import Any

from constructs import Construct

from fanout.constructs import FanoutStack, Heartbeat, Monitoring, OperatorPolicies, Subscriber, Topic
from stacks.archive import Archive
from stacks.email_sender import grant_send_email
from stacks.order_settings import OrderSettings
from stacks.policy_descriptions import keep_policy_descriptions
from stacks.webhook import Webhook


class OrderEventsStack(FanoutStack):
    """A subscriber is added here: one more `Subscriber(...)`, and a folder of its task's name in lambdas/."""

    def __init__(self, scope: Construct, id_: str, *, settings: OrderSettings, **kwargs: Any) -> None:
        super().__init__(scope, id_, settings=settings, **kwargs)
        orders = Topic(self, "OrderPlaced", settings=settings)
        archive = Archive(self, "Archive", settings=settings)
        webhook = Webhook(self, "Webhook", settings=settings)

        confirmation = Subscriber(
            self,
            "SendReceipt",
            topic=orders,
            task="send_receipt",
            environment={"EMAIL_SENDER": settings.email_sender},
        )
        grant_send_email(confirmation.function, sender=settings.email_sender)

        archiving = Subscriber(
            self,
            "ArchiveOrder",
            topic=orders,
            task="archive_order",
            idempotent=True,  # the conditional write to the archive
            environment={"ARCHIVE_BUCKET": archive.bucket.bucket_name},
        )
        archive.grant_write(archiving.function)

        notification = Subscriber(
            self,
            "NotifyPartner",
            topic=orders,
            task="notify_partner",
            environment={"WEBHOOK_URL": webhook.url, "WEBHOOK_SECRET_ARN": webhook.secret.secret_arn},
        )
        webhook.secret.grant_read(notification.function)

        Heartbeat(self, "Heartbeat", topic=orders)
        Monitoring(self, "Watch", topic=orders)
        operators = OperatorPolicies(self, "Operator", topic=orders)
        archive.grant_read(operators.replay)
        keep_policy_descriptions(orders, operators)
