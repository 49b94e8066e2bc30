"""Runs directly on the topic: an order that it misses only leaves a page stale."""

import os

from events import OrderPlacedV2
from fanout.runtime import client, handler_of

_s3 = client("s3")


def purge_cache(order: OrderPlacedV2) -> None:
    _s3.put_object(Bucket=os.environ["EFFECTS_BUCKET"], Key=f"purge_cache/{order.id}/{os.urandom(6).hex()}")


handle = handler_of(purge_cache)
