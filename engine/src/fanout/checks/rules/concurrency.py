"""How many invocations may run at once: too few burn attempts, too many take from the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.template.messaging import all_mappings, mappings
from fanout.template.template import Linked, Resource, Template
from fanout.template.values import UNKNOWN, number

FEWEST, MOST = 2, 1_000
_SCALING = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"


@rule(
    "reserved-concurrency-too-low",
    consequence=Consequence.LOST,
    what="A function's reserved concurrency is at least the sum of its mappings' maximum concurrency.",
    why="Mappings do not look at reserved concurrency. They receive messages, the invocation is throttled, and every such"
    " receive counts: good messages become dead letters without the function having seen them.",
    fix="Remove ReservedConcurrentExecutions, or set it to the sum of MaximumConcurrency of all its mappings or more.",
    link=_SCALING,
)
def reserved_concurrency_too_low(template: Template) -> Iterator[Problem]:
    for function, sources in template.linked.remember(_fed_by).items():
        if function.template is not template:
            continue
        reserved = function.number("ReservedConcurrentExecutions")
        if reserved is None:
            continue
        if reserved == 0:
            yield Problem(
                function,
                "ReservedConcurrentExecutions is 0: no invocation runs at all, and each message becomes a dead letter"
                " without having been seen",
                "Remove ReservedConcurrentExecutions; to stop the task for a while, switch its mapping off.",
            )
            continue
        limits = [each.number("ScalingConfig", "MaximumConcurrency") for each in sources]
        sum_ = sum(limit for limit in limits if limit is not None)
        endless = [each.id for each in sources if each.get("ScalingConfig", "MaximumConcurrency") is None]
        if reserved < sum_ or endless:
            most = (
                f"{endless[0]} has no MaximumConcurrency" if endless else f"its mappings may run {number(sum_)} at once"
            )
            yield Problem(function, f"ReservedConcurrentExecutions is {number(reserved)}, but {most}")


def _fed_by(linked: Linked) -> dict[Resource, list[Resource]]:
    """The mappings of each function."""
    found: dict[Resource, list[Resource]] = defaultdict(list)
    for mapping in all_mappings(linked):
        if mapping.function is not None:
            found[mapping.function].append(mapping.resource)
    return found


@rule(
    "max-concurrency-absent",
    consequence=Consequence.BLOCKED,
    severity=Severity.WARNING,
    what="A mapping limits how many invocations it runs at once.",
    why="Without a limit Lambda runs a thousand invocations and more at once for a busy queue: they take the account's concurrency from the"
    " other tasks and overload what the function calls.",
    fix="Set ScalingConfig.MaximumConcurrency (CDK: max_concurrency) to what the task's dependency can bear.",
    link=_SCALING,
)
def max_concurrency_absent(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        absent = mapping.resource.get("ScalingConfig", "MaximumConcurrency") is None
        if absent and mapping.resource.get("ProvisionedPollerConfig") is None:
            yield Problem(mapping.resource, "no MaximumConcurrency: a busy queue takes the account's concurrency")


@rule(
    "max-concurrency-refused",
    consequence=Consequence.REFUSED,
    what=f"MaximumConcurrency is {FEWEST} to {MOST}.",
    why="AWS refuses the mapping: the deployment fails, and messages wait in the queue until they expire.",
    fix=f"Set MaximumConcurrency to {FEWEST} or more; for one at a time use a FIFO queue with one message group.",
    link=_SCALING,
)
def max_concurrency_refused(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        value = mapping.resource.get("ScalingConfig", "MaximumConcurrency")
        limit = mapping.resource.number("ScalingConfig", "MaximumConcurrency")
        if value is not UNKNOWN and limit is not None and not FEWEST <= limit <= MOST:
            yield Problem(mapping.resource, f"MaximumConcurrency is {number(limit)}: {FEWEST} to {MOST} expected")
