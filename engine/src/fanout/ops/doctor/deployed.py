"""The deployed template with every reference resolved, as far as that needs no more than ids and ARNs."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fanout.ops.aws import alarms
from fanout.ops.aws.lanes import OnceForEach, beside
from fanout.ops.aws.mappings import all_mappings
from fanout.ops.aws.stack import Stack
from fanout.ops.aws.subscriber import attributes_of
from fanout.ops.aws.template import template_of

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

UNKNOWN = object()
"""What cannot be resolved: nothing is said about it."""
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ARNS = {
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{}"),
}


class Live:
    """What several questions ask for, each asked for once."""

    def __init__(self, deployed: "Deployed") -> None:
        aws = deployed.stack.aws
        self.attributes: OnceForEach[str, dict[str, str]] = OnceForEach(lambda url: attributes_of(aws, url))
        """Of a queue, by its URL."""
        self.mappings: OnceForEach[str | None, list[EventSourceMappingConfigurationTypeDef]] = OnceForEach(
            lambda function: list(all_mappings(aws, function).values())
        )
        """Of a function, by its name; of None, of all."""
        self._alarms: OnceForEach[None, dict[str, dict[str, Any]]] = OnceForEach(lambda _: _live_alarms(deployed))

    @property
    def alarms(self) -> dict[str, dict[str, Any]]:
        """By name, of every kind."""
        return self._alarms(None)


@dataclass(frozen=True)
class Deployed:
    """`template` as CloudFormation keeps it; `ids`: logical to physical."""

    stack: Stack
    template: dict[str, Any]
    ids: dict[str, str]

    @classmethod
    def read(cls, stack: Stack) -> "Deployed":
        template = beside(template_of, stack)
        pages = stack.aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        ids = {
            each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
            for page in pages
            for each in page["StackResourceSummaries"]
        }
        return cls(stack, template.result(), ids)

    @cached_property
    def live(self) -> "Live":
        return Live(self)

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id to properties as they are written, references and all."""
        resources = self.template.get("Resources", {})
        return {id_: each.get("Properties", {}) for id_, each in resources.items() if each.get("Type") == kind}

    def path(self, logical_id: str) -> str:
        """The construct's path without the stack's name; else the logical id."""
        path = str(self.template["Resources"][logical_id].get("Metadata", {}).get("aws:cdk:path", ""))
        return path.partition("/")[2].removesuffix("/Resource") or logical_id

    def resolved(self, value: Any) -> Any:
        """With UNKNOWN in place of what cannot be known."""
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._intrinsic(name, argument)
        return {key: self.resolved(each) for key, each in value.items()}

    def _intrinsic(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._reference(str(argument))
        if name == "Fn::GetAtt":
            logical_id, attribute = argument if isinstance(argument, list) else str(argument).split(".", 1)
            return self._attribute(str(logical_id), str(attribute))
        if name == "Fn::Join":
            parts = self.resolved(argument[1])
            if isinstance(parts, list) and all(isinstance(each, str) for each in parts):
                return str(argument[0]).join(parts)
        return UNKNOWN

    def _reference(self, name: str) -> Any:
        pseudo = {
            "AWS::Region": self.stack.region,
            "AWS::AccountId": self.stack.account,
            "AWS::Partition": self.stack.id.split(":")[1],
            "AWS::StackName": self.stack.name,
            "AWS::StackId": self.stack.id,
        }
        return pseudo.get(name) or self.ids.get(name) or UNKNOWN

    def _attribute(self, logical_id: str, attribute: str) -> Any:
        kind = self.template["Resources"].get(logical_id, {}).get("Type")
        physical = self.ids.get(logical_id, "")
        if kind == "AWS::SQS::Queue" and attribute in ("Arn", "QueueName"):
            name = physical.rsplit("/", 1)[-1]
            return self._arn("sqs", name) if attribute == "Arn" else name
        if kind == "AWS::SNS::Topic" and attribute == "TopicArn":
            return physical
        if kind in _ARNS and attribute in ("Arn", "KeyArn"):
            service, pattern = _ARNS[kind]
            return self._arn(service, pattern.format(physical))
        return UNKNOWN

    def _arn(self, service: str, rest: str) -> str:
        partition = self.stack.id.split(":")[1]
        return f"arn:{partition}:{service}:{self.stack.region}:{self.stack.account}:{rest}"


def _live_alarms(deployed: Deployed) -> dict[str, dict[str, Any]]:
    ids = [id_ for kind in ALARMS for id_ in deployed.of_type(kind)]
    return alarms.by_name(deployed.stack, [deployed.ids.get(id_, "") for id_ in ids])
