# generated from contracts/order_placed.v2.schema.json; do not edit
# ruff: noqa
# fmt: off
# mypy: ignore-errors
import re
from typing import Any, Self

from fanout.runtime.errors import ContractViolation as _Violation
from fanout.runtime.event import Event as _Event, utc as _utc, whole as _whole

from decimal import Decimal
_P0 = re.compile('^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\\Z')
_P1 = re.compile('^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\\Z')
_P2 = re.compile('^\\S+\\Z')
_P3 = re.compile('^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\\Z')

def _validate(data):
    if not isinstance(data, dict):
        raise _Violation('event must be object')
    if not data.keys() >= {'specversion', 'id', 'source', 'type', 'time', 'data'}:
        raise _Violation('event must contain ' + (str(sorted({'specversion', 'id', 'source', 'type', 'time', 'data'} - data.keys())) + ' properties'))
    data__data = data['data']
    if not isinstance(data__data, dict):
        raise _Violation('event.data must be object')
    if not data__data.keys() >= {'shop_id', 'order_id', 'cents', 'currency'}:
        raise _Violation('event.data must contain ' + (str(sorted({'shop_id', 'order_id', 'cents', 'currency'} - data__data.keys())) + ' properties'))
    data__data__shopid = data__data['shop_id']
    if not isinstance(data__data__shopid, str):
        raise _Violation('event.data.shop_id must be string')
    if not _P0.search(data__data__shopid):
        raise _Violation('event.data.shop_id must match pattern ^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$')
    data__data__orderid = data__data['order_id']
    if not isinstance(data__data__orderid, str):
        raise _Violation('event.data.order_id must be string')
    if not _P0.search(data__data__orderid):
        raise _Violation('event.data.order_id must match pattern ^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$')
    data__data__cents = data__data['cents']
    if not isinstance(data__data__cents, int) and (not (isinstance(data__data__cents, float) and data__data__cents.is_integer())) or isinstance(data__data__cents, bool):
        raise _Violation('event.data.cents must be integer')
    if isinstance(data__data__cents, (int, float, Decimal)) and (not isinstance(data__data__cents, bool)):
        if data__data__cents < 0:
            raise _Violation('event.data.cents must be bigger than or equal to 0')
    data__data__currency = data__data['currency']
    if not isinstance(data__data__currency, str):
        raise _Violation('event.data.currency must be string')
    if not (isinstance(data__data__currency, str) and data__data__currency == 'EUR' or (isinstance(data__data__currency, str) and data__data__currency == 'SEK')):
        raise _Violation("event.data.currency must be one of ['EUR', 'SEK']")
    data__specversion = data['specversion']
    if not (isinstance(data__specversion, str) and data__specversion == '1.0'):
        raise _Violation('event.specversion must be same as const definition: 1.0')
    data__id = data['id']
    if not isinstance(data__id, str):
        raise _Violation('event.id must be string')
    if not _P1.search(data__id):
        raise _Violation('event.id must match pattern ^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$')
    data__source = data['source']
    if not isinstance(data__source, str):
        raise _Violation('event.source must be string')
    data__source_len = len(data__source)
    if data__source_len < 1:
        raise _Violation('event.source must be longer than or equal to 1 characters')
    if data__source_len > 1024:
        raise _Violation('event.source must be shorter than or equal to 1024 characters')
    if not _P2.search(data__source):
        raise _Violation('event.source must match pattern ^\\S+$')
    data__time = data['time']
    if not isinstance(data__time, str):
        raise _Violation('event.time must be string')
    if not _P3.search(data__time):
        raise _Violation('event.time must match pattern ^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$')
    data__type = data['type']
    if not (isinstance(data__type, str) and data__type == 'order.placed.v2'):
        raise _Violation('event.type must be same as const definition: order.placed.v2')


class OrderPlacedV2(_Event):
    'One order placed; its amount is in cents, and it names a currency.'
    __slots__ = ('shop_id', 'order_id', 'cents', 'currency')
    _FIELDS = _Event._FIELDS + __slots__
    TYPE = 'order.placed.v2'
    GROUP = 'shop_id'
    REFERENCE = 'order_id'
    shop_id: str
    order_id: str
    cents: int
    currency: str

    @classmethod
    def _read(cls, event: dict[str, Any], body: str) -> Self:
        _validate(event)
        data = event['data']
        return cls(
            event['id'], event['source'], event['type'], _utc(event['time']), data['shop_id'], data['order_id'], event, body,
            data['shop_id'],
            data['order_id'],
            _whole(data['cents']),
            data['currency'],
        )
