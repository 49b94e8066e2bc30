# generated from contracts/*.schema.json; do not edit
# ruff: noqa
# fmt: off
from .form_submitted_v1 import FormSubmitted as FormSubmitted

__all__ = ['FormSubmitted']
