"""Events as tests and benchmarks publish them, by the contract of the tests' app."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fanout.publisher import Event, new_event


def order_placed(
    *,
    shop_id: str,
    order_id: str,
    items: Mapping[str, Any],
    customer_email: str | None = None,
    customer_name: str | None = None,
    event_id: str | None = None,
    time: datetime | None = None,
    source: str | None = None,
    traceparent: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Event:
    customer = {"email": customer_email, "name": customer_name}
    data = {
        "shop_id": shop_id,
        "order_id": order_id,
        "customer": {key: value for key, value in customer.items() if value is not None},
        "items": items,
    }
    return new_event(
        "order.placed.v1",
        data,
        source=f"/shops/{shop_id}" if source is None else source,
        event_id=event_id,
        time=time,
        traceparent=traceparent,
        attributes=attributes,
    )
