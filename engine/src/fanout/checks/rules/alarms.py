"""Alarms: a dead letter that nobody hears of is a lost message."""

from __future__ import annotations

from collections.abc import Iterator

from fanout.checks.rule import Consequence, Problem, Severity, rule
from fanout.checks.rules.encryption import RIGHTS, key_of
from fanout.template.alarms import COMPOSITE, actions_of, alarms_on, metrics_of, watches_unseen_queues
from fanout.template.dead_letters import failure_queues
from fanout.template.messaging import policies_of, policy_of
from fanout.template.policies import all_of, service_may
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import ALARM, TOPIC
from fanout.template.values import UNKNOWN, ends_with, number

VISIBLE = "ApproximateNumberOfMessagesVisible"
CLOUDWATCH = "cloudwatch.amazonaws.com"
_MESSAGING = ("AWS/SQS", "AWS/SNS", "AWS/Lambda")
_DEAD_LETTERS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html"
_METRICS = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"
)
_ACTIONS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html"
_MISSING = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"
_ACCESS = "https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger"
_KEY = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"


@rule(
    "dead-letter-queue-without-alarm",
    consequence=Consequence.LOST,
    what="Every dead-letter queue has an alarm.",
    why="Dead letters wait in silence until their retention deletes them.",
    fix=f"Add an alarm on {VISIBLE} of the dead-letter queue, greater than 0.",
    link=_DEAD_LETTERS,
)
def dead_letter_queue_without_alarm(template: Template) -> Iterator[Problem]:
    for queue in _dead_letter_queues(template):
        unseen = queue in template.exported or watches_unseen_queues(template)
        if not alarms_on(queue) and not unseen:
            yield Problem(queue, "no alarm watches this dead-letter queue")


@rule(
    "dead-letter-alarm-wrong-metric",
    consequence=Consequence.LOST,
    what=f"The alarm of a dead-letter queue is on {VISIBLE}.",
    why="NumberOfMessagesSent does not count what SQS itself moves to the dead-letter queue, NotVisible counts only what"
    " somebody is just reading, and the age leaves out messages that were received often: the alarm does not ring.",
    fix=f"Set MetricName to {VISIBLE}, statistic Maximum.",
    link=_METRICS,
)
def dead_letter_alarm_wrong_metric(template: Template) -> Iterator[Problem]:
    for queue in _dead_letter_queues(template):
        found = alarms_on(queue)
        names = [metric for _, metric in found]
        if found and VISIBLE not in names and UNKNOWN not in names:
            for alarm, metric in found:
                if alarm.template is template:
                    yield Problem(alarm, f"watches {metric} of {queue.id}, which misses dead letters")


@rule(
    "dead-letter-alarm-late",
    consequence=Consequence.LOST,
    severity=Severity.WARNING,
    what="The alarm of a dead-letter queue rings at the first message.",
    why="One dead letter is one event that was not handled. With a higher threshold a single one is never heard of.",
    fix="Set Threshold to 0 with GreaterThanThreshold.",
    link=_DEAD_LETTERS,
)
def dead_letter_alarm_late(template: Template) -> Iterator[Problem]:
    for queue in _dead_letter_queues(template):
        visible = [alarm for alarm, metric in alarms_on(queue) if metric == VISIBLE]
        rings_at = min((_first_value_that_rings(alarm) for alarm in visible), default=1)
        if rings_at > 1:
            yield Problem(visible[0], f"rings at {number(rings_at)} dead letters, not at the first")


@rule(
    "alarm-without-action",
    consequence=Consequence.LOST,
    what="An alarm tells somebody.",
    why="An alarm without an action changes its colour in a console that nobody looks at.",
    fix="Add an SNS topic to AlarmActions, and leave ActionsEnabled on.",
    link=_ACTIONS,
)
def alarm_without_action(template: Template) -> Iterator[Problem]:
    parts = {name for each in template.of(COMPOSITE) for name in template.dependencies[each.id]}
    for alarm in template.of(ALARM, COMPOSITE):
        is_ours = alarm.type == COMPOSITE or any(space in _MESSAGING for space, _, _ in metrics_of(alarm))
        if not is_ours or alarm.id in parts or UNKNOWN in actions_of(alarm):
            continue
        if not actions_of(alarm):
            yield Problem(alarm, "no AlarmActions")
        elif alarm.flag("ActionsEnabled", default=True) is False:
            yield Problem(alarm, "ActionsEnabled is false")


@rule(
    "alarm-missing-data-breaching",
    consequence=Consequence.LOST,
    what="An alarm on a queue or a topic does not treat missing data as breaching.",
    why="SQS sends no metrics for a queue that has been idle for some hours: the alarm rings whenever nothing happens,"
    " until everybody has learnt to ignore it.",
    fix="Set TreatMissingData to notBreaching.",
    link=_MISSING,
)
def alarm_missing_data_breaching(template: Template) -> Iterator[Problem]:
    for alarm in template.of(ALARM):
        on_messages = any(space in ("AWS/SQS", "AWS/SNS") for space, _, _ in metrics_of(alarm))
        if on_messages and alarm.get("TreatMissingData") == "breaching":
            yield Problem(alarm, "TreatMissingData is breaching, and an idle queue has no data")


@rule(
    "alarm-topic-refuses-cloudwatch",
    consequence=Consequence.LOST,
    what="The policy of an alarm's topic lets CloudWatch publish.",
    why="A topic policy replaces the default one, which let the account's alarms in. One that only denies plain HTTP"
    " (CDK: enforce_ssl=True) refuses CloudWatch: the alarm rings, and nobody is told.",
    fix="Allow sns:Publish to cloudwatch.amazonaws.com with aws:SourceAccount in the topic's policy; no Deny may cover it.",
    link=_ACCESS,
)
def alarm_topic_refuses_cloudwatch(template: Template) -> Iterator[Problem]:
    for topic, alarm in _alarm_topics(template):
        may = service_may(template, policy_of(topic), service=CLOUDWATCH, action="sns:Publish", source=alarm, on=topic)
        if policies_of(topic) and may is False:
            yield Problem(topic, f"its policy does not let CloudWatch publish for {alarm.id}")


@rule(
    "alarm-topic-key-refuses-cloudwatch",
    consequence=Consequence.LOST,
    what="CloudWatch may use the key of an alarm's topic.",
    why="KMS refuses CloudWatch: the alarm rings, and nobody is told. The key alias/aws/sns cannot let anybody in.",
    fix="Allow cloudwatch.amazonaws.com kms:GenerateDataKey* and kms:Decrypt in the key's policy, or leave the topic"
    " without a key: it holds no data of an event.",
    link=_KEY,
)
def alarm_topic_key_refuses_cloudwatch(template: Template) -> Iterator[Problem]:
    for topic, alarm in _alarm_topics(template):
        key, given = key_of(topic), topic.get("KmsMasterKeyId")
        if ends_with(given, "alias/aws/sns"):
            yield Problem(topic, "KmsMasterKeyId is alias/aws/sns, which CloudWatch may not use")
        elif key is not None and _may_use(key, alarm) is False:
            yield Problem(topic, f"the policy of its key {key.id} does not let CloudWatch in")


def _dead_letter_queues(template: Template) -> list[Resource]:
    """Those of the template, in its order."""
    found = failure_queues(template)
    return [each for each in template.resources.values() if each in found]


def _alarm_topics(template: Template) -> Iterator[tuple[Resource, Resource]]:
    """Each topic of the template that alarms publish to, with the first such alarm."""
    every = template.linked.remember(_all_alarm_topics)
    return ((topic, alarm) for topic, alarm in every.items() if topic.template is template)


def _all_alarm_topics(linked: Linked) -> dict[Resource, Resource]:
    found: dict[Resource, Resource] = {}
    for alarm in linked.of(ALARM, COMPOSITE):
        for action in actions_of(alarm):
            if isinstance(action, Resource) and action.type == TOPIC:
                found.setdefault(action, alarm)
    return found


def _may_use(key: Resource, alarm: Resource) -> bool | None:
    policy = key.document("KeyPolicy")
    return all_of(service_may(key.template, policy, service=CLOUDWATCH, action=right, source=alarm) for right in RIGHTS)


def _first_value_that_rings(alarm: Resource) -> float:
    """1 also where it cannot be seen."""
    threshold = alarm.number("Threshold", default=0)
    steps = {"GreaterThanThreshold": 1, "GreaterThanOrEqualToThreshold": 0}
    step = steps.get(str(alarm.get("ComparisonOperator")))
    return 1 if step is None or threshold is None else threshold + step
