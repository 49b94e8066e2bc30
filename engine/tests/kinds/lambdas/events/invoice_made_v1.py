# generated from contracts/invoice_made.v1.schema.json; do not edit
# ruff: noqa
# fmt: off
# mypy: ignore-errors
import re
from typing import Any, Self

from fanout.runtime.errors import ContractViolation as _Violation
from fanout.runtime.event import Event as _Event, utc as _utc

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
    if not data__data.keys() >= {'shop_id', 'order_id', 'invoice'}:
        raise _Violation('event.data must contain ' + (str(sorted({'shop_id', 'order_id', 'invoice'} - data__data.keys())) + ' properties'))
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
    data__data__invoice = data__data['invoice']
    if not isinstance(data__data__invoice, str):
        raise _Violation('event.data.invoice must be string')
    data__data__invoice_len = len(data__data__invoice)
    if data__data__invoice_len < 1:
        raise _Violation('event.data.invoice must be longer than or equal to 1 characters')
    if data__data__invoice_len > 64:
        raise _Violation('event.data.invoice must be shorter than or equal to 64 characters')
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
    if not (isinstance(data__type, str) and data__type == 'invoice.made.v1'):
        raise _Violation('event.type must be same as const definition: invoice.made.v1')


class InvoiceMade(_Event):
    'One invoice made for an order.'
    __slots__ = ('shop_id', 'order_id', 'invoice')
    _FIELDS = _Event._FIELDS + __slots__
    TYPE = 'invoice.made.v1'
    GROUP = 'shop_id'
    REFERENCE = 'order_id'
    shop_id: str
    order_id: str
    invoice: str

    @classmethod
    def _read(cls, event: dict[str, Any], body: str) -> Self:
        _validate(event)
        data = event['data']
        return cls(
            event['id'], event['source'], event['type'], _utc(event['time']), data['shop_id'], data['order_id'], event, body,
            data['shop_id'],
            data['order_id'],
            data['invoice'],
        )
