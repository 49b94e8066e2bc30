"""What SNS itself cannot deliver: it has to be in the dead-letter queue of each subscription."""

from fanout.ops.aws.subscriber import DeployedSubscriber
from fanout.ops.dead_letters.message import DeadLetterMessage
from fanout.ops.verify.result import NotShown
from fanout.ops.verify.verification import Verification
from fanout.words import counted

ATTRIBUTES = 11
"""One more than raw delivery carries: https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html"""
SECONDS = 120


def undeliverable(verification: Verification) -> str:
    if not verification.stack.aws.is_aws:
        raise NotShown("the embedded AWS delivers a message with any number of attributes")
    reached = verification.reached
    fewest = min(len(verification.reach[each.task] or {}) for each in reached)
    sent, began = verification.publish("eleven", extra=ATTRIBUTES - fewest), verification.clock()

    def letter(subscriber: DeployedSubscriber) -> DeadLetterMessage | None:
        return verification.dead(subscriber, sent[subscriber.task].id)

    found = verification.wait_at(reached, letter, SECONDS, "what SNS could not deliver is in no dead-letter queue")
    kept = {len(message.attributes) for message in found.values()}
    verification.learn(
        "how many attributes has what SNS could not deliver?", sorted(kept), verification.clock() - began
    )
    return f"in the dead-letter queue of {counted(len(found), 'subscription')}{verification.not_reached()}"
