"""What is live, in the words of the template: one function for each type of resource that messages depend on."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fanout.ops.aws.mappings import is_on
from fanout.ops.doctor.deployed import Deployed
from fanout.ops.doctor.same import same

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

_ENCRYPTION = ("KmsMasterKeyId", "SqsManagedSseEnabled")
_PLAIN = ("VisibilityTimeout", "MessageRetentionPeriod", "MaximumMessageSize", "DelaySeconds")


class Gone(Exception):
    """It does not exist; what that means."""


def _queue(deployed: Deployed, id_: str) -> dict[str, Any]:
    attributes = deployed.live.attributes(deployed.ids[id_])
    written = deployed.of_type("AWS::SQS::Queue")[id_]
    found: dict[str, Any] = {
        name: int(attributes[name]) for name in _PLAIN if name in attributes and _counts(name, written)
    }
    if "RedrivePolicy" in written or "RedrivePolicy" in attributes:
        found["RedrivePolicy"] = json.loads(attributes.get("RedrivePolicy", "null"))
    for name in _ENCRYPTION:
        if name in written:
            found[name] = attributes.get(name, "none")
    return found


def _counts(name: str, written: dict[str, Any]) -> bool:
    """AWS's default of a size or a retention is not ours to compare with."""
    return name in written or name in ("VisibilityTimeout", "DelaySeconds")


def _queue_policy(deployed: Deployed, id_: str) -> dict[str, Any]:
    written = deployed.of_type("AWS::SQS::QueuePolicy")[id_]
    return _policy(deployed, written, [deployed.live.attributes(url) for url in deployed.resolved(written["Queues"])])


def _topic_policy(deployed: Deployed, id_: str) -> dict[str, Any]:
    written = deployed.of_type("AWS::SNS::TopicPolicy")[id_]
    topics = set(deployed.stack.topics.values())  # on those of the alarms no message depends
    arns = [each for each in deployed.resolved(written["Topics"]) if each in topics]
    sns = deployed.stack.aws.sns
    return _policy(deployed, written, [sns.get_topic_attributes(TopicArn=each)["Attributes"] for each in arns])


def _policy(deployed: Deployed, written: dict[str, Any], all_: list[dict[str, str]]) -> dict[str, Any]:
    """Of one of several that has another than is written, if one has."""
    wanted = deployed.resolved(written["PolicyDocument"])
    found = [json.loads(each.get("Policy") or "{}") for each in all_]
    found.sort(key=lambda each: same(wanted, each))
    return {"PolicyDocument": found[0]} if found else {}


def _subscription(deployed: Deployed, id_: str) -> dict[str, Any]:
    written = deployed.of_type("AWS::SNS::Subscription")[id_]
    queued = written.get("Protocol") == "sqs"
    if not queued and "RedrivePolicy" not in written and written.get("Protocol") != "lambda":
        return {}  # of people, whom alarms tell
    attributes = deployed.stack.aws.sns.get_subscription_attributes(SubscriptionArn=deployed.ids[id_])["Attributes"]
    raw = {"RawMessageDelivery": attributes.get("RawMessageDelivery", "false")}
    found: dict[str, Any] = raw if queued or "RawMessageDelivery" in written else {}
    for name in ("RedrivePolicy", "FilterPolicy"):
        value = json.loads(attributes.get(name) or "null")
        if name in written or value:  # an empty filter is how one is taken away: it lets everything through
            found[name] = value
    return found


def _mapping(deployed: Deployed, id_: str) -> dict[str, Any]:
    written = deployed.of_type("AWS::Lambda::EventSourceMapping")[id_]
    name = deployed.resolved(written["FunctionName"])
    found = _mapping_in(deployed, id_, None) or _mapping_in(deployed, id_, name)
    if found is None:
        raise Gone("nothing feeds the queue to the function")
    live: dict[str, Any] = {
        "Enabled": is_on(found.get("State")),
        "MaximumBatchingWindowInSeconds": found.get("MaximumBatchingWindowInSeconds", 0),
    }
    if "FunctionResponseTypes" in written:
        live["FunctionResponseTypes"] = found.get("FunctionResponseTypes", [])
    if "BatchSize" in written:  # AWS's default is another one for each kind of source
        live["BatchSize"] = found.get("BatchSize")
    if "ScalingConfig" in written or found.get("ScalingConfig"):
        live["ScalingConfig"] = found.get("ScalingConfig")
    if found.get("FilterCriteria", {}).get("Filters"):
        live["FilterCriteria"] = found["FilterCriteria"]
    return live


def _mapping_in(deployed: Deployed, id_: str, function: str | None) -> "EventSourceMappingConfigurationTypeDef | None":
    """In the list of all functions' mappings, which says nothing of those that it lacks, or of one function's."""
    return next((each for each in _listed(deployed, function) if each["UUID"] == deployed.ids[id_]), None)


def _listed(deployed: Deployed, function: str | None) -> list["EventSourceMappingConfigurationTypeDef"]:
    try:
        return deployed.live.mappings(function)
    except ClientError:
        if function is not None:
            raise
        return []


def _alarm(deployed: Deployed, id_: str) -> dict[str, Any]:
    return _compared(deployed, id_, deployed.of_type("AWS::CloudWatch::Alarm")[id_])


def _composite(deployed: Deployed, id_: str) -> dict[str, Any]:
    return _compared(deployed, id_, deployed.of_type("AWS::CloudWatch::CompositeAlarm")[id_])


def _compared(deployed: Deployed, id_: str, written: dict[str, Any]) -> dict[str, Any]:
    alarm = deployed.live.alarms.get(deployed.ids[id_])
    if alarm is None:
        raise Gone("nobody would hear of it")
    names = ("ActionsEnabled", "AlarmActions", "Threshold", "ComparisonOperator", "MetricName", "TreatMissingData")
    return {name: alarm.get(name) for name in names if name in written or name == "ActionsEnabled"}


def _schedule(deployed: Deployed, id_: str) -> dict[str, Any]:
    written = deployed.of_type("AWS::Scheduler::Schedule")[id_]
    group = deployed.resolved(written.get("GroupName", "default"))
    found = deployed.stack.aws.scheduler.get_schedule(Name=deployed.ids[id_], GroupName=group)
    return {name: found.get(name) for name in ("State", "ScheduleExpression")}


Read = Callable[[Deployed, str], dict[str, Any]]
"""The properties of a resource, by its logical id."""
READS: dict[str, Read] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite,
    "AWS::Scheduler::Schedule": _schedule,
}
