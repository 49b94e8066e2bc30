"""How large a part of a template is once deployed, with every name as long as CloudFormation may make it."""

from __future__ import annotations

import json
from typing import Any

from fanout.physical_names import ACCOUNT, LONGEST_STACK_NAME, REGION, reference_length
from fanout.template.nested import PLAIN
from fanout.template.template import Resource, Template
from fanout.template.values import External, Reference, Text, Value

_KNOWN = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
_STACK_ID = len(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack//") + 36
_NAMES = (
    *("QueueName", "TopicName", "FunctionName", "LogGroupName", "RoleName", "ManagedPolicyName", "TableName"),
    *("BucketName", "AlarmName", "Name"),
)
"""Properties that name a resource."""


def as_deployed(template: Template, value: Value) -> Any:
    """The value as JSON, with text of the greatest length in the place of what only the deployment knows.

    What cannot be seen counts nothing, so that a size is never more than the deployment's own.
    """
    if value.__class__ in PLAIN:
        return value
    if isinstance(value, dict):
        return {key: as_deployed(template, each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_deployed(template, each) for each in value]
    if isinstance(value, Text):
        return "".join(str(as_deployed(template, each)) for each in value.parts)
    if isinstance(value, Reference):
        return "x" * _reference(template, value)
    if isinstance(value, External):
        return _external(template, value.name)
    return value if value is None or isinstance(value, str | bool | int | float) else ""


def size_of(template: Template, value: Value) -> int:
    """Characters of a document, without whitespace around its parts; of a text, its own."""
    deployed = as_deployed(template, value)
    return len(deployed) if isinstance(deployed, str) else len(json.dumps(deployed, separators=(",", ":")))


def _reference(template: Template, value: Reference) -> int:
    resource = value.resource
    if isinstance(resource, Resource):
        for key in _NAMES:
            named = resource.get(key)
            if isinstance(named, str):
                made = reference_length(resource.type, value.attribute, "", "")
                return made - min(made, reference_length(resource.type, "Name", "", "")) + len(named)
    return reference_length(resource.type, value.attribute, template.name, resource.id)


def _external(template: Template, name: str) -> str:
    if name in ("AWS::StackName", "AWS::StackId"):
        stack = template.name if len(template.name) <= LONGEST_STACK_NAME else "x" * LONGEST_STACK_NAME
        return stack if name == "AWS::StackName" else "x" * _STACK_ID + stack
    return _KNOWN.get(name, "")
