"""ministack 1.5.33, corrected: an event source mapping has the tags of its template, and GetResources knows them, as on AWS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ministack.services import lambda_svc, tagging  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

_MAPPING = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
_create, _update = _MAPPING["create"], _MAPPING["update"]
_of_functions = tagging._COLLECTORS["lambda"]


def _create_tagged(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
    made = _create(logical_id, props, stack_name)
    _retag(made[0], {}, props)
    return made


def _update_tagged(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str) -> Any:
    made = _update(physical_id, old, new, stack_name)
    _retag(made[0], old, new)
    return made


def _retag(id_: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """What no template says, as who paused it, stays."""
    mapping, gone = lambda_svc._esms[id_], {each["Key"] for each in old.get("Tags") or ()}
    kept = {key: value for key, value in mapping.get("Tags", {}).items() if key not in gone}
    mapping["Tags"] = kept | {each["Key"]: each["Value"] for each in new.get("Tags") or ()}


def _and_of_mappings() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield from _of_functions()
    for each in list(lambda_svc._esms.values()):
        tags = [{"Key": key, "Value": value} for key, value in each.get("Tags", {}).items()]
        yield lambda_svc._esm_response(each)["EventSourceMappingArn"], tags


def correct() -> None:
    _MAPPING.update(create=_create_tagged, update=_update_tagged)
    tagging._COLLECTORS["lambda"] = _and_of_mappings
