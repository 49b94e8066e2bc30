"""Event source mappings: how messages come from a queue into a function."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, rule
from fanout.template.messaging import Mapping, is_fifo, mappings
from fanout.template.senders import pipes_from_queues
from fanout.template.template import Resource, Template
from fanout.template.types import MAPPING, QUEUE
from fanout.template.values import UNKNOWN, Missing, Reference, as_list, ends_with, number

_ERRORS = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"
_PARAMETERS = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"
_CONFIGURE = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
_FILTERING = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"
_OF_STREAMS = (
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "StartingPositionTimestamp",
    "TumblingWindowInSeconds",
    "Topics",
    "Queues",
)
"""https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html: each names the sources it is for."""
MOST_IN_BATCH, MOST_WITHOUT_WINDOW, LONGEST_WINDOW = 10_000, 10, 300


@rule(
    "partial-batch-response-missing",
    consequence=Consequence.DOUBLED,
    what="A mapping reports which messages of a batch failed.",
    why="Without it one bad message sends the whole batch back: good messages are handled again, and become dead letters"
    " with the bad one. If the function answers with batchItemFailures all the same, AWS ignores the answer and deletes"
    " the failed messages.",
    fix="Set FunctionResponseTypes to [ReportBatchItemFailures] (CDK: report_batch_item_failures=True) and answer with"
    " batchItemFailures.",
    link=_ERRORS,
)
def partial_batch_response_missing(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        answers = mapping.resource.get("FunctionResponseTypes")
        size = mapping.resource.number("BatchSize", default=10)
        if size is None or size <= 1 or answers is UNKNOWN or UNKNOWN in as_list(answers):
            continue
        if "ReportBatchItemFailures" not in as_list(answers):
            yield Problem(mapping.resource, f"no ReportBatchItemFailures with batches of up to {number(size)} messages")


@rule(
    "batch-size-refused",
    consequence=Consequence.REFUSED,
    what="BatchSize is 1 to 10000, at most 10 without a batching window, and at most 10 for FIFO queues.",
    why="AWS refuses the mapping: the deployment fails, and messages wait in the queue until they expire.",
    fix="Set BatchSize to 10 or less, or add MaximumBatchingWindowInSeconds of 1 or more on a standard queue.",
    link=_PARAMETERS,
)
def batch_size_refused(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        size = mapping.resource.number("BatchSize", default=10)
        window = mapping.resource.number("MaximumBatchingWindowInSeconds", default=0)
        if size is None:
            continue
        if not 1 <= size <= MOST_IN_BATCH:
            yield Problem(mapping.resource, f"BatchSize is {number(size)}: 1 to {MOST_IN_BATCH} expected")
        elif size > MOST_WITHOUT_WINDOW and _fifo(mapping):
            yield Problem(mapping.resource, f"BatchSize is {number(size)}: at most 10 for a FIFO queue")
        elif size > MOST_WITHOUT_WINDOW and window == 0:
            yield Problem(mapping.resource, f"BatchSize is {number(size)}: more than 10 needs a batching window")


@rule(
    "batch-window-refused",
    consequence=Consequence.REFUSED,
    what="A batching window is 0 to 300 seconds, and FIFO queues have none.",
    why="AWS refuses the mapping: the deployment fails, and messages wait in the queue until they expire.",
    fix="Set MaximumBatchingWindowInSeconds to 0 to 300; remove it for a FIFO queue.",
    link=_PARAMETERS,
)
def batch_window_refused(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        window = mapping.resource.number("MaximumBatchingWindowInSeconds", default=0)
        if window is not None and not 0 <= window <= LONGEST_WINDOW:
            yield Problem(
                mapping.resource, f"MaximumBatchingWindowInSeconds is {number(window)}: 0 to {LONGEST_WINDOW} expected"
            )
        elif window and _fifo(mapping):
            yield Problem(
                mapping.resource, f"MaximumBatchingWindowInSeconds is {number(window)}, but the queue is FIFO"
            )


@rule(
    "mapping-filter-deletes",
    consequence=Consequence.LOST,
    what="A mapping or a pipe from a queue has no filter.",
    why="Messages that do not match are deleted from the queue. They reach no function and no dead-letter queue,"
    " and nothing counts them.",
    fix="Remove FilterCriteria; filter with the subscription's FilterPolicy, or in the function, or acknowledge this"
    " finding with the reason why these messages may be deleted.",
    link=_FILTERING,
)
def mapping_filter_deletes(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        criteria = mapping.resource.get("FilterCriteria")
        if isinstance(criteria, dict) and as_list(criteria.get("Filters")):
            yield Problem(mapping.resource, "FilterCriteria: messages that do not match are deleted from the queue")
    for pipe, _ in pipes_from_queues(template):
        if as_list(pipe.get("SourceParameters", "FilterCriteria", "Filters")):
            yield Problem(pipe, "FilterCriteria: messages that do not match are deleted from the queue")


@rule(
    "mapping-disabled",
    consequence=Consequence.BLOCKED,
    what="A mapping or a pipe from a queue is running.",
    why="Nobody takes messages from the queue: it fills until retention deletes them.",
    fix="Set Enabled to true, or remove it.",
    link=_CONFIGURE,
)
def mapping_disabled(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        if mapping.resource.flag("Enabled", default=True) is False:
            yield Problem(mapping.resource, "Enabled is false: nothing takes messages from the queue")
    for pipe, _ in pipes_from_queues(template):
        if pipe.get("DesiredState") == "STOPPED":
            yield Problem(pipe, "DesiredState is STOPPED: nothing takes messages from the queue")


@rule(
    "mapping-on-missing-queue",
    consequence=Consequence.REFUSED,
    what="A mapping's source exists.",
    why="CloudFormation or Lambda refuses the mapping; the messages of the queue it was meant for are handled by nobody.",
    fix="Let EventSourceArn be the Arn of a queue in the template, or of one that exists.",
    link=_CONFIGURE,
)
def mapping_on_missing_queue(template: Template) -> Iterator[Problem]:
    for each in template.of(MAPPING):
        source = each.get("EventSourceArn")
        if isinstance(source, Missing):
            yield Problem(each, f"EventSourceArn is of {source.logical_id}, which the template does not have")
        elif isinstance(source, Reference) and source.resource.type == QUEUE and source.attribute != "Arn":
            yield Problem(each, f"EventSourceArn is not the Arn of {source.resource.id}: Ref of a queue is its URL")


@rule(
    "mapping-destination-refused",
    consequence=Consequence.REFUSED,
    what="A mapping from a queue has no destination of its own for failures.",
    why="Destinations are for streams: Lambda refuses one on a queue. Who expects it to keep failed messages has no"
    " dead-letter queue.",
    fix="Remove DestinationConfig and give the queue a RedrivePolicy.",
    link=_PARAMETERS,
)
def mapping_destination_refused(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        if mapping.resource.get("DestinationConfig", "OnFailure") not in (None, UNKNOWN):
            yield Problem(mapping.resource, "DestinationConfig is not valid for a queue")


@rule(
    "mapping-setting-refused",
    consequence=Consequence.REFUSED,
    what="A mapping from a queue has no setting of streams, and not both maximum concurrency and provisioned pollers.",
    why="Lambda refuses the mapping: the deployment fails. A queue's attempts are counted by its own maxReceiveCount, and its pollers"
    " are limited by one of the two settings.",
    fix="Remove the setting; for attempts set the queue's RedrivePolicy.",
    link=_PARAMETERS,
)
def mapping_setting_refused(template: Template) -> Iterator[Problem]:
    for mapping in mappings(template):
        for name in _OF_STREAMS:
            if mapping.resource.get(name) not in (None, UNKNOWN, False):
                yield Problem(mapping.resource, f"{name} is not valid for a queue")
        if mapping.resource.get("ScalingConfig", "MaximumConcurrency") not in (None, UNKNOWN):
            if mapping.resource.get("ProvisionedPollerConfig") not in (None, UNKNOWN):
                yield Problem(mapping.resource, "MaximumConcurrency together with ProvisionedPollerConfig is refused")


def _fifo(mapping: Mapping) -> bool:
    if isinstance(mapping.queue, Resource):
        return bool(is_fifo(mapping.queue))
    return ends_with(mapping.queue, ".fifo") is True
