"""Keeps every order: one JSON object per event in S3, under order and date."""

import os
from datetime import UTC

from botocore.exceptions import ClientError

from events import OrderPlaced
from fanout.runtime import client, handler_of

_BUCKET = os.environ["ARCHIVE_BUCKET"]
_s3 = client("s3")


def archive_order(order: OrderPlaced) -> None:
    """Writes `<order id>/<year>/<month>/<day>/<event id>.json` once; the second time nothing changes.

    The write is conditional, so a duplicate makes no new version either:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    try:
        _s3.put_object(
            Bucket=_BUCKET,
            Key=f"{order.shop_id}/{order.time.astimezone(UTC):%Y/%m/%d}/{order.id}.json",
            Body=order.body.encode(),
            ContentType="application/cloudevents+json",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise


handle = handler_of(archive_order)
