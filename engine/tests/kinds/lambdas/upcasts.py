"""Orders of the first version, as those of the second: their amounts were in whole euros."""

from typing import Any

from events import OrderPlaced


def order_placed_v2(old: OrderPlaced) -> dict[str, Any]:
    return {"shop_id": old.shop_id, "order_id": old.order_id, "cents": 100 * old.amount, "currency": "EUR"}
