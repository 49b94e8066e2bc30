# generated from contracts/*.schema.json; do not edit
# ruff: noqa
# fmt: off
from typing import TYPE_CHECKING

__all__ = ['InvoiceMade', 'OrderPlaced', 'OrderPlacedV2']
_MODULES = {'InvoiceMade': 'invoice_made_v1', 'OrderPlaced': 'order_placed_v1', 'OrderPlacedV2': 'order_placed_v2'}

if TYPE_CHECKING:
    from .invoice_made_v1 import InvoiceMade as InvoiceMade
    from .order_placed_v1 import OrderPlaced as OrderPlaced
    from .order_placed_v2 import OrderPlacedV2 as OrderPlacedV2
else:

    def __getattr__(name):
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
