"""The template that a stack was deployed from, as CloudFormation keeps it."""

import json
from typing import Any

from fanout.ops.aws.stack import Stack
from fanout.template.load import parse


def template_of(stack: Stack) -> dict[str, Any]:
    """A copy of its own. boto3 gives one in JSON as a dict, and one in YAML as it is written."""
    body: Any = stack.aws.cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    found: dict[str, Any] = parse(body if isinstance(body, str) else json.dumps(body), f"the template of {stack.name}")
    return found
