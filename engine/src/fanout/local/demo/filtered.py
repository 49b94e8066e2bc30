"""Whether a subscription's filter policy keeps an event from its task, as SNS decides it."""

from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.aws.subscription import KnownEvent, read_subscriptions
from fanout.publisher import Event


def is_filtered_out(subscriber: DeployedSubscriber, event: Event) -> bool:
    """True when every subscription of its queue keeps the event back."""
    found = read_subscriptions(subscriber)
    known = KnownEvent.from_event(event)
    return bool(found) and all(each.lets_through(known) is False for each in found)
