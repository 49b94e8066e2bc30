"""`fanout dead redrive` of what a fault killed, beside messages that were never an event."""

import os
from collections.abc import Sequence

from fanout import names
from fanout.local.errors import LocalError
from fanout.ops.aws.stack import Stack
from fanout.ops.dead_letters.selection import Selection
from fanout.ops.interrupt import Stop
from fanout.ops.journal import Journal
from fanout.ops.redrive.frozen import freeze
from fanout.ops.redrive.runner import Plan, RedriveRun

POISON = (
    '{"Type":"Notification","TopicArn":"t","Message":"x","MessageAttributes":null}',
    '{"id":' + "[" * 10_000,
    "\u2028 no JSON",
)
"""An envelope of SNS with null for its attributes, JSON nested deeper than any reader goes, and neither."""


def redrive_beside_poison(stack: Stack, task: str, ids: Sequence[str], folder: str) -> None:
    """LocalError when any of `ids` is not done afterwards."""
    os.environ.setdefault(names.HOME, folder)
    subscriber = stack.subscriber(task)
    for body in POISON:
        subscriber.aws.sqs.send_message(QueueUrl=subscriber.dead_letter_queue_url, MessageBody=body)
    chosen = Selection.from_options([], list(ids), None, everything=False)
    journal = Journal.open(stack, "dead redrive", task=task)
    frozen = freeze(subscriber, chosen, journal, visibility=30, waiting=lambda *words: None)
    result = RedriveRun(subscriber, journal, Plan(chosen, visibility=30), frozen, lambda *told: None, Stop()).run()
    if not result.is_well or len(frozen) != len(ids):
        raise LocalError(f"{task}: {len(frozen)} of {len(ids)} redriven beside what cannot be read: {result.stopped}")
