"""Whether a dead letter is kept, and still says whose it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.checks.rules.queues import DEFAULT_RETENTION
from fanout.template.dead_letters import dead_letter_queue_of
from fanout.template.messaging import all_subscriptions, is_fifo, queues, subscriptions
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import QUEUE
from fanout.template.values import UNKNOWN, Value, number, shown

DAY, LONGEST_RETENTION = 86_400, 1_209_600
_RETENTION = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html"
_CONFIGURE = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html"
)


@rule(
    "dead-letter-retention-not-longer",
    consequence=Consequence.LOST,
    what="A dead-letter queue keeps messages longer than the queue they come from.",
    why="In a standard queue a dead letter keeps the time at which it was first sent. With the same retention, a"
    " message that waited three of four days in the queue is deleted one day after it became a dead letter.",
    fix="Set the dead-letter queue's MessageRetentionPeriod to 1209600 (14 days).",
    link=_RETENTION,
)
def dead_letter_retention_not_longer(template: Template) -> Iterator[Problem]:
    for queue in queues(template):
        dead_letters = dead_letter_queue_of(queue)
        if not isinstance(dead_letters, Resource) or is_fifo(queue) is not False:
            continue  # FIFO queues start the clock again
        kept = queue.number("MessageRetentionPeriod", default=DEFAULT_RETENTION)
        kept_dead = dead_letters.number("MessageRetentionPeriod", default=DEFAULT_RETENTION)
        if kept is not None and kept_dead is not None and kept_dead <= kept:
            yield Problem(
                dead_letters,
                f"MessageRetentionPeriod is {number(kept_dead)} s, not longer than the {number(kept)} s of {queue.id}",
                f"set MessageRetentionPeriod of {queue.id} to {LONGEST_RETENTION - DAY} (13 days) or less"
                if kept >= LONGEST_RETENTION
                else None,
            )


@rule(
    "dead-letter-queue-shared",
    consequence=Consequence.LOST,
    what="Each task has a dead-letter queue of its own.",
    why="A message in a shared dead-letter queue no longer says which task failed: nobody can send it back to the right"
    " queue alone, and one task's flood hides another's single letter.",
    fix="Give each queue, together with the subscription that feeds it, its own dead-letter queue.",
    link=_CONFIGURE,
)
def dead_letter_queue_shared(template: Template) -> Iterator[Problem]:
    for dead_letters, tasks in template.linked.remember(_users).items():
        imported = {each for each in tasks if not isinstance(each, Resource)}  # one of these may be one of the others
        for some in (tasks - imported, imported):
            if len(some) > 1 and dead_letters.template is template:
                names = sorted(each.path if isinstance(each, Resource) else shown(each) for each in some)
                yield Problem(dead_letters, f"shared by {len(some)} tasks: {', '.join(names)}")


@rule(
    "dead-letter-queue-of-other-type",
    consequence=Consequence.REFUSED,
    what="A FIFO queue's dead-letter queue is FIFO, a standard queue's is standard; the same goes for subscriptions.",
    why="AWS refuses the RedrivePolicy, so the deployment fails, or the subscription is left without a dead-letter queue.",
    fix="Make both FIFO or both standard.",
    link=_CONFIGURE,
)
def dead_letter_queue_of_other_type(template: Template) -> Iterator[Problem]:
    owners = [(each, dead_letter_queue_of(each), is_fifo(each)) for each in queues(template)]
    for each in subscriptions(template):
        if isinstance(each.topic, Resource):
            owners.append((each.resource, each.dead_letter_queue, is_fifo(each.topic)))
    for owner, dead_letters, fifo in owners:
        if fifo is not None and isinstance(dead_letters, Resource) and is_fifo(dead_letters) is (not fifo):
            kind = "FIFO" if fifo else "standard"
            yield Problem(owner, f"this is {kind}, but its dead-letter queue {dead_letters.id} is not")


def _users(linked: Linked) -> dict[Resource, set[Value]]:
    """The queues whose messages may end in each dead-letter queue, by their own policy or by a subscription's."""
    users: dict[Resource, set[Value]] = defaultdict(set)
    for queue in linked.of(QUEUE):
        target = dead_letter_queue_of(queue)
        if isinstance(target, Resource):
            users[target].add(queue)
    for each in all_subscriptions(linked):
        if isinstance(each.dead_letter_queue, Resource) and each.endpoint not in (None, UNKNOWN):
            users[each.dead_letter_queue].add(each.endpoint)
    return users
