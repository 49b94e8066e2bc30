"""Which properties force a replacement, from CloudFormation's own resource schemas. The one module that knows cfn-lint.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from functools import cache

from fanout.errors import Unusable
from fanout.installed import missing

REGION = "us-east-1"
"""Every resource type is there first; what is create-only does not differ between Regions."""


@cache
def create_only(resource_type: str) -> tuple[tuple[str, ...], ...]:
    """Property paths whose change makes CloudFormation replace the resource, sometimes or always."""
    try:
        from cfnlint.schema import (  # a second to import: only when needed
            PROVIDER_SCHEMA_MANAGER,
            ResourceNotFoundError,
        )
    except ImportError:
        raise Unusable(str(missing("`fanout diff`", "cfnlint"))) from None
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    except ResourceNotFoundError:
        return ()
    pointers = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return tuple(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers)
