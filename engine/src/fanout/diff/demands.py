"""What whoever sends or reads must be written for: the body that arrives, and the id that must be given."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.diff.change import Change, change
from fanout.diff.readers import handlers
from fanout.template.messaging import is_fifo
from fanout.template.template import Resource


def raw_delivery(before: Resource, after: Resource) -> Iterator[Change]:
    """Of a subscription whose messages are handled by whoever did before: another may be written for the new body.

    https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
    """
    if before.get("Protocol") != after.get("Protocol"):
        return
    was, is_now = (each.flag("RawMessageDelivery") for each in (before, after))
    old, new = (handlers(each.template.target(each.get("Endpoint"))) for each in (before, after))
    if was is None or is_now is None or was == is_now or not old.keys() & new.keys():
        return
    body = "the event alone, without SNS's envelope" if is_now else "SNS's envelope around each event"
    who = ", ".join(sorted(new[each] for each in old.keys() & new.keys()))
    yield change("body-changed", after, f"RawMessageDelivery is {str(is_now).lower()} from now on: {who} gets {body}")


def deduplication(before: Resource, after: Resource) -> Iterator[Change]:
    """Of a FIFO topic or queue: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html"""
    was, is_now = (each.flag("ContentBasedDeduplication") for each in (before, after))
    if was and is_now is False and is_fifo(after) is not False:
        said = "ContentBasedDeduplication is off from now on: what is sent to it without a MessageDeduplicationId is refused"
        yield change("deduplication-lost", after, said)
