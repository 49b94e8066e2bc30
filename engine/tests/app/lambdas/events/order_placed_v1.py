# generated from contracts/order_placed.v1.schema.json; do not edit
# ruff: noqa
# fmt: off
# mypy: ignore-errors
import re
from typing import Any, Self

from fanout.runtime.errors import ContractViolation as _Violation
from fanout.runtime.event import Event as _Event, Model as _Model, utc as _utc

_P0 = re.compile('^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\\Z')
_P1 = re.compile('^[^@\\s\\u0000-\\u001f\\u007f]+@[^@\\s\\u0000-\\u001f\\u007f]+[.][^@\\s\\u0000-\\u001f\\u007f]+\\Z')
_P2 = re.compile('^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\\Z')
_P3 = re.compile('^\\S+\\Z')
_P4 = re.compile('^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\\Z')

def _validate(data):
    if not isinstance(data, dict):
        raise _Violation('event must be object')
    if not data.keys() >= {'specversion', 'id', 'source', 'type', 'time', 'data'}:
        raise _Violation('event must contain ' + (str(sorted({'specversion', 'id', 'source', 'type', 'time', 'data'} - data.keys())) + ' properties'))
    data__data = data['data']
    if not isinstance(data__data, dict):
        raise _Violation('event.data must be object')
    if not data__data.keys() >= {'shop_id', 'order_id', 'items'}:
        raise _Violation('event.data must contain ' + (str(sorted({'shop_id', 'order_id', 'items'} - data__data.keys())) + ' properties'))
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
    if 'customer' in data__data:
        data__data__customer = data__data['customer']
        if not isinstance(data__data__customer, dict):
            raise _Violation('event.data.customer must be object')
        if 'email' in data__data__customer:
            data__data__customer__email = data__data__customer['email']
            if not isinstance(data__data__customer__email, str):
                raise _Violation('event.data.customer.email must be string')
            data__data__customer__email_len = len(data__data__customer__email)
            if data__data__customer__email_len > 254:
                raise _Violation('event.data.customer.email must be shorter than or equal to 254 characters')
            if not _P1.search(data__data__customer__email):
                raise _Violation('event.data.customer.email must match pattern ^[^@\\s\\u0000-\\u001f\\u007f]+@[^@\\s\\u0000-\\u001f\\u007f]+[.][^@\\s\\u0000-\\u001f\\u007f]+$')
        if 'name' in data__data__customer:
            data__data__customer__name = data__data__customer['name']
            if not isinstance(data__data__customer__name, str):
                raise _Violation('event.data.customer.name must be string')
    data__data__items = data__data['items']
    if not isinstance(data__data__items, dict):
        raise _Violation('event.data.items must be object')
    data__specversion = data['specversion']
    if not (isinstance(data__specversion, str) and data__specversion == '1.0'):
        raise _Violation('event.specversion must be same as const definition: 1.0')
    data__id = data['id']
    if not isinstance(data__id, str):
        raise _Violation('event.id must be string')
    if not _P2.search(data__id):
        raise _Violation('event.id must match pattern ^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$')
    data__source = data['source']
    if not isinstance(data__source, str):
        raise _Violation('event.source must be string')
    data__source_len = len(data__source)
    if data__source_len < 1:
        raise _Violation('event.source must be longer than or equal to 1 characters')
    if data__source_len > 1024:
        raise _Violation('event.source must be shorter than or equal to 1024 characters')
    if not _P3.search(data__source):
        raise _Violation('event.source must match pattern ^\\S+$')
    data__type = data['type']
    if not (isinstance(data__type, str) and data__type == 'order.placed.v1'):
        raise _Violation('event.type must be same as const definition: order.placed.v1')
    data__time = data['time']
    if not isinstance(data__time, str):
        raise _Violation('event.time must be string')
    if not _P4.search(data__time):
        raise _Violation('event.time must match pattern ^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$')
    if 'datacontenttype' in data:
        data__datacontenttype = data['datacontenttype']
        if not (isinstance(data__datacontenttype, str) and data__datacontenttype == 'application/json'):
            raise _Violation('event.datacontenttype must be same as const definition: application/json')
    if 'dataschema' in data:
        data__dataschema = data['dataschema']
        if not isinstance(data__dataschema, str):
            raise _Violation('event.dataschema must be string')
        if not _P3.search(data__dataschema):
            raise _Violation('event.dataschema must match pattern ^\\S+$')
    if 'subject' in data:
        data__subject = data['subject']
        if not isinstance(data__subject, str):
            raise _Violation('event.subject must be string')
        data__subject_len = len(data__subject)
        if data__subject_len < 1:
            raise _Violation('event.subject must be longer than or equal to 1 characters')
    if 'traceparent' in data:
        data__traceparent = data['traceparent']
        if not isinstance(data__traceparent, str):
            raise _Violation('event.traceparent must be string')


class Customer(_Model):
    'customer of order.placed.v1'
    __slots__ = ('email', 'name')
    _FIELDS = __slots__
    email: str | None
    name: str | None


class OrderPlaced(_Event):
    'One order placed: a CloudEvents 1.0 JSON object (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md).'
    __slots__ = ('shop_id', 'order_id', 'customer', 'items')
    _FIELDS = _Event._FIELDS + __slots__
    TYPE = 'order.placed.v1'
    GROUP = 'shop_id'
    REFERENCE = 'order_id'
    shop_id: str
    order_id: str
    customer: Customer
    items: dict[str, Any]

    @classmethod
    def _read(cls, event: dict[str, Any], body: str) -> Self:
        _validate(event)
        data = event['data']
        return cls(
            event['id'], event['source'], event['type'], _utc(event['time']), data['shop_id'], data['order_id'], event, body,
            data['shop_id'],
            data['order_id'],
            Customer((_v1 := data.get('customer', {})).get('email'), _v1.get('name')),
            data['items'],
        )
