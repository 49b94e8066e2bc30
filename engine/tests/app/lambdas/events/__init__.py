# generated from contracts/*.schema.json; do not edit
# ruff: noqa
# fmt: off
from .order_placed_v1 import OrderPlaced as OrderPlaced

__all__ = ['OrderPlaced']
