"""The kinds of change, and which of them are dangerous."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fanout.template.template import Resource, Template


@dataclass(frozen=True)
class Kind:
    """A danger loses messages, or the means to notice; it must be allowed by name."""

    name: str
    danger: bool
    what: str


_DANGERS = {
    "stack-removed": "A stack is gone, with everything in it.",
    "stack-replaced": "A nested stack is made anew: what was in the old one is deleted with it.",
    "subscriber-removed": "A task gets no more events. First drain its queues: docs/operations.md, Retire a subscriber.",
    "queue-given-up": "A topic calls a task's function itself, and what waits for it then is not done. Add the new task beside it under another name, and retire this one: docs/operations.md, Rename a subscriber.",
    "queue-removed": "A queue is deleted, with the messages in it.",
    "queue-replaced": "A new empty queue takes the place of the old one; the messages in it are lost.",
    "dead-letter-queue-removed": "A dead-letter queue is deleted, with the dead letters in it.",
    "dead-letter-queue-replaced": "A new empty dead-letter queue takes the place of the old one; its letters are lost.",
    "dead-letter-queue-lost": "A queue, a subscription, a function, a rule or a schedule has no dead-letter queue any more.",
    "topic-removed": "A topic is deleted: publishing to its ARN fails.",
    "topic-replaced": "A topic gets a new ARN: publishers and subscribers of other stacks lose it.",
    "subscription-removed": "A queue gets no more events from a topic.",
    "subscription-replaced": "A subscription is made anew: events published in between may be lost.",
    "data-removed": "A table, bucket, archive, key or secret is deleted.",
    "data-replaced": "A new empty table, bucket, archive, key or secret takes the place of the old one.",
    "retain-lost": "Something that used to survive its stack no longer does.",
    "retention-shortened": "Messages, files or logs are deleted earlier, also those that are there now.",
    "attempts-lowered": "Messages become dead letters after fewer attempts.",
    "visibility-lowered": "Messages are offered again earlier: while a slow function still works on them.",
    "size-lowered": "Messages that fitted are refused.",
    "mapping-removed": "Nothing takes messages from a queue any more.",
    "mapping-disabled": "Nothing takes messages from a queue.",
    "partial-batch-lost": "One bad message sends its whole batch back.",
    "filter-narrowed": "Events that were delivered, or handled, are dropped.",
    "sender-stopped": "A rule, a schedule, a bucket, a pipe or its like sends nothing any more.",
    "body-changed": "Whoever reads gets another body, and what waits still has the old one: first deploy a handler that takes both.",
    "deduplication-lost": "Who sends without a deduplication ID is refused: first let every publisher give one.",
    "delivery-refused": "What could deliver is not let in any more.",
    "function-stopped": "A function may not run at all.",
    "export-removed": "Another stack may import it: CloudFormation then refuses the deployment.",
    "alarm-lost": "An alarm is gone, or tells nobody.",
    "statement-lost": "A policy allows or denies less than before: a delivery or a task may be refused.",
    "tls-lost": "Plain HTTP is no longer denied.",
    "encryption-begins": "A topic or a queue gets another key: whoever sends to it needs it first. docs/deploying.md, Changes in the life of a stack.",
    "contract-broken": "A type's schema refuses what it took, or takes what a task with the older one refuses: fanout contract diff.",
    "encryption-lost": "Messages or data are no longer encrypted with the same kind of key.",
}
_NOTICES = {
    "stack-added": "A new stack.",
    "subscriber-added": "A new task gets events from now on, none from before.",
    "reader-changed": "A queue has lost a reader, and another takes its messages.",
    "retention-lengthened": "Messages or logs are kept longer.",
    "attempts-raised": "Messages are tried more often.",
    "visibility-raised": "Messages are offered again later.",
    "contract-changed": "A type's schema is new, or says something else that breaks nothing.",
    "dead-letter-queue-changed": "Dead letters go elsewhere; old ones stay where they are.",
    "filter-widened": "More events are delivered.",
    "statement-added": "A policy allows or denies more than before.",
    "logical-id-moved": "The same resource under another logical id: made anew.",
    "traces-end": 'X-Ray gets no more traces of it; `tracing="active"` in settings or a subscriber keeps them.',
    "traces-begin": "X-Ray gets traces of it, which are paid for: fanout cost.",
    "circuit-removed": "If the circuit is open at that moment, nothing switches its mapping on again: fanout status, fanout resume.",
    "function-updated": "A function is updated in place.",
    "resource-added": "A new resource.",
    "resource-removed": "A resource of another type is removed; whether it holds anything is not known here.",
    "resource-replaced": "A resource of another type is made anew; whether it holds anything is not known here.",
    "resource-updated": "A resource is updated in place.",
}
KINDS = {name: Kind(name, True, what) for name, what in _DANGERS.items()} | {
    name: Kind(name, False, what) for name, what in _NOTICES.items()
}


@dataclass(frozen=True)
class Change:
    """`path` is the construct path without its stack, or the logical id; `message` names values, not stacks."""

    kind: str
    stack: str
    resource: str
    path: str
    message: str
    allowed: bool = False

    @property
    def danger(self) -> bool:
        return KINDS[self.kind].danger

    def is_danger_of(self, names: frozenset[str]) -> bool:
        """Whether one of `names` is its kind, or kind:resource."""
        own = {self.kind, *(f"{self.kind}:{each}" for each in (self.resource, self.path, f"{self.stack}/{self.path}"))}
        return self.danger and bool(own & names)

    def allow(self, names: frozenset[str]) -> Change:
        return replace(self, allowed=self.allowed or self.is_danger_of(names))

    def as_dict(self) -> dict[str, str | bool]:
        return {
            "change": self.kind,
            "danger": self.danger,
            "allowed": self.allowed,
            "stack": self.stack,
            "resource": self.resource,
            "path": self.path,
            "message": self.message,
        }


def change(kind: str, where: Resource | Template, message: str) -> Change:
    """A change of a resource, or of a whole template."""
    if isinstance(where, Template):
        return Change(kind, where.name, where.name, where.name, message)
    return Change(kind, where.template.name, where.id, name_of(where), message)


def name_of(resource: Resource) -> str:
    """`SendReceipt/Queue` for `OrderEvents-dev/SendReceipt/Queue/Resource`, else the logical id."""
    path = resource.path
    return path.partition("/")[2].removesuffix("/Resource") if "/" in path else path
