"""Makes an invoice for each order, and tells the topic of invoices."""

import os

from events import OrderPlacedV2
from fanout.runtime import client, emit, handler_of

_s3 = client("s3")


def make_invoice(order: OrderPlacedV2) -> None:
    _s3.put_object(Bucket=os.environ["EFFECTS_BUCKET"], Key=f"make_invoice/{order.id}/{os.urandom(6).hex()}")
    invoice = {"shop_id": order.shop_id, "order_id": order.order_id, "invoice": f"{order.order_id}-{order.cents}"}
    emit("invoice.made.v1", invoice, because=order)


handle = handler_of(make_invoice)
