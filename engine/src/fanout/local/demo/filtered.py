"""Whether a subscription's filter policy keeps an event from its task, as SNS decides it."""

import json

from fanout.ops.aws.discovery import DeployedSubscriber
from fanout.ops.dead_letters.edit import subscription
from fanout.publisher import Event
from fanout.template.filter_policy import matches_example


def is_filtered_out(subscriber: DeployedSubscriber, event: Event) -> bool:
    found = subscription(subscriber)
    policy = json.loads(found.get("FilterPolicy") or "{}")
    in_body = found.get("FilterPolicyScope") == "MessageBody"
    return matches_example(policy, json.loads(event.body) if in_body else dict(event.attributes)) is False
