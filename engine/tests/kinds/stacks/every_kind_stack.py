"""Two topics, and behind them every kind of subscriber."""

from typing import Any

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from fanout.constructs import (
    Delivery,
    Direct,
    FanoutStack,
    Heartbeat,
    Monitoring,
    OperatorPolicies,
    Subscriber,
    Topic,
    Worker,
)
from stacks.settings import OrderSettings


class EveryKindStack(FanoutStack):
    def __init__(self, scope: Construct, id_: str, *, settings: OrderSettings, **kwargs: Any) -> None:
        super().__init__(scope, id_, settings=settings, **kwargs)
        orders = Topic(self, "Orders", settings=settings, types=["order.placed.v1", "order.placed.v2"])
        invoices = Topic(self, "Invoices", settings=settings, types=["invoice.made.v1"], main=False)
        effects = s3.Bucket(
            self,
            "Effects",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(7))],
            removal_policy=settings.removal_policy,
        )
        CfnOutput(self, "EffectsBucketName", value=effects.bucket_name)
        where = {"EFFECTS_BUCKET": effects.bucket_name}

        made = Subscriber(
            self,
            "MakeInvoice",
            topic=orders,
            task="make_invoice",
            environment=where,
            emits={"invoice.made.v1": invoices},
        )
        printed = Subscriber(self, "PrintLabel", topic=orders, task="print_label", environment=where, compute=Worker())
        purged = Subscriber(self, "PurgeCache", topic=orders, task="purge_cache", environment=where, compute=Direct())
        booked = Subscriber(self, "BookInvoice", topic=invoices, task="book_invoice", environment=where)
        for each in (made, printed, purged, booked):
            effects.grant_put(each.role)
        Delivery(
            self,
            "Partner",
            topic=orders,
            protocol="https",
            endpoint=settings.partner_url
            or ssm.StringParameter.value_for_string_parameter(self, "/every-kind/local/partner-url"),
            reason="the warehouse of a partner packs what is ordered",
        )

        for topic in (orders, invoices):
            Heartbeat(self, f"{topic.node.id}Heartbeat", topic=topic)
        Monitoring(self, "Watch", topic=orders, also=[invoices])
        OperatorPolicies(self, "Operator", topic=orders, also=[invoices])
