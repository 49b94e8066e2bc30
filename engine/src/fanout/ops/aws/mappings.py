"""Event source mappings of many functions, and their tags, in a call each.

Of an account two pages are read, as one stack has no more of ours. Whoever is on none of them is not known by it, and
must be asked for by itself.
"""

from typing import TYPE_CHECKING, Any, Final

from fanout import names
from fanout.ops.aws.session import Aws
from fanout.ops.aws.subscriber import DeployedSubscriber

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

_ON: Final = ("Creating", "Enabling", "Enabled", "Updating")
PAGES: Final = 2
"""A hundred mappings each, of whatever stacks the account has:
https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html"""
Listed = dict[tuple[str, str], "EventSourceMappingConfigurationTypeDef"]
"""By the names of function and queue."""


def all_mappings(aws: Aws, function: str | None = None) -> Listed:
    """Of all functions, or of one."""
    found: Listed = {}
    of: dict[str, Any] = {"FunctionName": function} if function else {}
    for _ in range(PAGES):
        page = aws.functions.list_event_source_mappings(**of)
        found |= {
            (function_of(each.get("FunctionArn", "")), _queue(each)): each for each in page["EventSourceMappings"]
        }
        if not page.get("NextMarker"):
            break
        of["Marker"] = page["NextMarker"]
    return found


def mapping_of(subscriber: DeployedSubscriber, listing: Listed) -> "EventSourceMappingConfigurationTypeDef":
    """Of a list or asked for, as lists are behind. Raises OpsError where there is none, and what AWS says."""
    return listing.get((subscriber.function_name, subscriber.queue_name)) or subscriber.mapping()


def all_tags(aws: Aws) -> dict[str, dict[str, str]]:
    """By ARN, of mappings with a task's tag, which every one of ours has. They may be seconds old.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    found: dict[str, dict[str, str]] = {}
    asked: dict[str, Any] = {
        "ResourceTypeFilters": ["lambda:event-source-mapping"],
        "TagFilters": [{"Key": names.TASK_TAG}],
        "ResourcesPerPage": 100,
    }
    for _ in range(PAGES):
        page = aws.tagging.get_resources(**asked)
        for each in page["ResourceTagMappingList"]:
            found[each["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
        if not page.get("PaginationToken"):
            break
        asked["PaginationToken"] = page["PaginationToken"]
    return found


def is_on(state: object) -> bool:
    """Whether a mapping in this state feeds its function, or will."""
    return state in _ON


def function_of(arn: str) -> str:
    """The function's name: the seventh part of its ARN, which an alias may follow; "" of what is no such ARN."""
    return "".join(arn.split(":")[6:7])


def _queue(mapping: "EventSourceMappingConfigurationTypeDef") -> str:
    return mapping.get("EventSourceArn", "").rsplit(":", 1)[-1]
