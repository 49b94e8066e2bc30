"""Which properties force a replacement, from CloudFormation's own resource schemas. The one module that knows cfn-lint.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fanout.errors import Unusable
from fanout.installed import missing

REGION = "us-east-1"
"""Every resource type is there first; what is create-only does not differ between Regions."""


@cache
def create_only(resource_type: str) -> tuple[tuple[str, ...], ...]:
    """Property paths whose change makes CloudFormation replace the resource, sometimes or always."""
    custom = resource_type.startswith("Custom::")
    schema = _schema("AWS::CloudFormation::CustomResource" if custom else resource_type)
    pointers = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return tuple(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers)


def _schema(resource_type: str) -> Mapping[str, Any]:
    """From the file that cfn-lint brings, as its import takes 0.7 s and 55 MB; of a release that keeps them otherwise, by it."""
    found = find_spec("cfnlint")
    if found is None or found.origin is None:
        raise Unusable(str(missing("`fanout diff`", "cfnlint")))
    folder = Path(found.origin).parent / "data" / "schemas"
    try:
        file = _files(folder).get(resource_type)
        return _read(folder / "resources" / f"{file}.json") if file else {}
    except (OSError, ValueError):
        return _told(resource_type)


@cache
def _files(folder: Path) -> Mapping[str, Any]:
    """By resource type."""
    return _read(folder / "providers" / f"{REGION}.json")


def _read(file: Path) -> dict[str, Any]:
    found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{file}: expected an object")
    return found


def _told(resource_type: str) -> Mapping[str, Any]:
    try:
        from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
    except ImportError as error:
        raise Unusable(f"`fanout diff` cannot read the schemas of this cfn-lint: {error}") from None
    try:
        schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    except ResourceNotFoundError:
        return {}
    return schema
