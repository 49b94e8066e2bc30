"""Warns of two subscribers of one task in one stack that get the same events: records are by task, so one alone works on each."""

from dataclasses import dataclass

from aws_cdk import Annotations
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout.constructs.cdk_cache import fact, of_stack

TASK_SHARED = "task-shared"
"""By which the warning is acknowledged."""


@dataclass(frozen=True)
class Share:
    """What a subscriber takes of its task. `types` are exact; none where nobody says which. `claims`: as in `idempotency`."""

    scope: Construct
    topic: sns.ITopic
    types: frozenset[str]
    claims: bool


def tell_shared(task: str, share: Share) -> None:
    """Called by a subscriber; once for each pair of one and the first that it shares events with."""
    shares: list[Share] = of_stack(share.scope, f"its subscribers of task {task}", lambda stack: [])
    if other := next((each for each in shares if _meet(each, share)), None):
        Annotations.of(share.scope).add_warning_v2(
            TASK_SHARED,
            f"subscribers {other.scope.node.id} and {share.scope.node.id} both run task {task}: of an event that both get, one"
            " alone works on it, as records are by task, and the other deletes it as a duplicate: give each a task folder or"
            " a stack of its own, or filters with no type in common",
        )
    shares.append(share)


def _meet(one: Share, other: Share) -> bool:
    """Two that claim nothing both work on everything; two topics carry events of their own."""
    if not (one.claims or other.claims) or fact(one.topic, "topic_arn") != fact(other.topic, "topic_arn"):
        return False
    return not one.types or not other.types or bool(one.types & other.types)
