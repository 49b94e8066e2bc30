"""Takes what another task has published."""

import os

from events import InvoiceMade
from fanout.runtime import client, handler_of

_s3 = client("s3")


def book_invoice(invoice: InvoiceMade) -> None:
    _s3.put_object(Bucket=os.environ["EFFECTS_BUCKET"], Key=f"book_invoice/{invoice.id}/{os.urandom(6).hex()}")


handle = handler_of(book_invoice)
