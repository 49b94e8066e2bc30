"""Keeps every order: one JSON object per event in S3, under its day, shop and event id."""

import os

from botocore.exceptions import ClientError

from events import OrderPlaced
from fanout.runtime import archive_key, client, handler_of

_BUCKET = os.environ["ARCHIVE_BUCKET"]
_s3 = client("s3")


def archive_order(order: OrderPlaced) -> None:
    """Writes `events-by-day/<day>/<shop id>/<event id>/<identity>.json` once; the second time nothing changes.

    A copy has the same identity, whatever time of its day a publisher that tries again gives it. Another source's event
    of the same id, and other content under it, are objects of their own beside it: nothing that was sent is left out.

    The write is conditional, so a duplicate makes no new version either:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    try:
        _s3.put_object(
            Bucket=_BUCKET,
            Key=archive_key(order),
            Body=order.body.encode(),
            ContentType="application/cloudevents+json",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise


handle = handler_of(archive_order)
