"""Runs as a worker: a label printer is a slow machine."""

import os

from events import OrderPlacedV2
from fanout.runtime import client, handler_of

_s3 = client("s3")


def print_label(order: OrderPlacedV2) -> None:
    _s3.put_object(Bucket=os.environ["EFFECTS_BUCKET"], Key=f"print_label/{order.id}/{os.urandom(6).hex()}")


handle = handler_of(print_label)
