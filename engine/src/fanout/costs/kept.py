"""What events leave behind: records and objects for as long as they are kept, and the requests to the keys of both."""

from collections.abc import Mapping

from fanout import names
from fanout.costs.assumptions import MONTH_SECONDS, Assumptions
from fanout.costs.idle import Found
from fanout.template.buckets import written_with
from fanout.template.grants import grants_of_role
from fanout.template.template import Resource
from fanout.template.values import Value, as_list, as_number

_DAY = 86_400
KB_PER_GB = 1e6


def records(
    role: Resource, variables: Mapping[str, Value], events: float, periods: float, assumed: Assumptions
) -> Found:
    """Of the task's part of the table, once so many events a month came for as long as a record lives.

    A key is asked once in `periods` for each role: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
    """
    table = role.template.resource(variables.get(names.COMPLETED_TABLE))
    seconds = as_number(variables.get(names.COMPLETED_SECONDS), 0)
    if table is None or not seconds:
        return
    gigabytes = events * seconds / MONTH_SECONDS * assumed.record_kb / KB_PER_GB
    yield from items(table, "records", gigabytes, periods)


def items(table: Resource, what: str, gigabytes: float, periods: float) -> Found:
    """Of a table; `periods`: how often its key is asked for one role."""
    yield f"{what} kept", gigabytes, "dynamodb-stored"
    if table.get("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") in (True, "true"):
        yield f"{what}, to any point in time", gigabytes, "dynamodb-point-in-time"
    yield from asked(table, periods)


def asked(table: Resource, periods: float) -> Found:
    """Of a table's key, where it has one of its own."""
    if table.get("SSESpecification", "KMSMasterKeyId") is not None:
        yield "key requests", periods, "kms-request"


def objects(role: Resource, events: float, periods: float, assumed: Assumptions) -> Found:
    """Of buckets that the role may put to; those without an end of their own are kept for ever, and not counted."""
    for bucket in written_with(grants_of_role(role)):
        if days := _days(bucket):
            yield "objects kept", events * days * _DAY / MONTH_SECONDS * assumed.event_kb / KB_PER_GB, "s3-stored"
        rules = as_list(bucket.get("BucketEncryption", "ServerSideEncryptionConfiguration"))
        for rule in rules:
            by_default = rule.get("ServerSideEncryptionByDefault") if isinstance(rule, dict) else None
            if isinstance(rule, dict) and isinstance(by_default, dict) and by_default.get("SSEAlgorithm") == "aws:kms":
                # A bucket key is asked for once in a while, not for each object.
                yield "key requests", periods if rule.get("BucketKeyEnabled") is True else events, "kms-request"


def _days(bucket: Resource) -> float:
    """Of the first rule that ends all of its objects; 0: none does."""
    for rule in as_list(bucket.get("LifecycleConfiguration", "Rules")):
        if isinstance(rule, dict) and rule.get("Status") == "Enabled" and not ({"Prefix", "TagFilters"} & rule.keys()):
            days = as_number(rule.get("ExpirationInDays"), 0)
            if days:
                return days
    return 0
