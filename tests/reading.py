"""The app's synthesized templates, and the subscribers in them: found by the tag `fanout:task`, never listed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from fanout.project import intake_stack_name, stack_name

ROOT = Path(__file__).parent.parent
Template = dict[str, Any]
Resource = dict[str, Any]


def stack_names(entry: str) -> list[str]:
    """What a settings entry is deployed as: the fan-out, and the form service."""
    return [stack_name(entry, ROOT), intake_stack_name(entry, ROOT)]


def cdk_context() -> dict[str, Any]:
    """Without the flags of cdk.json a test would see a template that is never deployed."""
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


@dataclass(frozen=True)
class Synth:
    """What `python app.py` writes, and the construct tree it is written from."""

    app: cdk.App
    folder: Path

    def path(self, stack: str) -> Path:
        return self.folder / f"{stack}.template.json"

    def of_stack(self, stack: str) -> Template:
        template: Template = json.loads(self.path(stack).read_text())
        return template

    def __getitem__(self, name: str) -> Template:
        """The fan-out's template of one settings entry, by its name."""
        return self.of_stack(stack_name(name, ROOT))


@dataclass(frozen=True)
class Subscriber:
    """One task's queue and what belongs to it, as properties of the template."""

    task: str
    template: Template
    queue_id: str

    @property
    def queue(self) -> Resource:
        return properties(self.template, self.queue_id)

    @property
    def dead_letter_queue_id(self) -> str:
        return target(self.queue["RedrivePolicy"]["deadLetterTargetArn"])

    @property
    def dead_letter_queue(self) -> Resource:
        return properties(self.template, self.dead_letter_queue_id)

    @property
    def subscription(self) -> Resource:
        (found,) = [each for each in self._all("AWS::SNS::Subscription") if self._is_queue(each.get("Endpoint"))]
        return found

    @property
    def mapping(self) -> Resource:
        every = self._all("AWS::Lambda::EventSourceMapping")
        (found,) = [each for each in every if self._is_queue(each.get("EventSourceArn"))]
        return found

    @property
    def function(self) -> Resource:
        return properties(self.template, target(self.mapping["FunctionName"]))

    def rights(self) -> Iterator[Resource]:
        """The statements of the function's role."""
        role = target(self.function["Role"])
        for policy in self._all("AWS::IAM::Policy"):
            if role in [target(each) for each in policy["Roles"]]:
                yield from policy["PolicyDocument"]["Statement"]

    def _all(self, kind: str) -> list[Resource]:
        return [each["Properties"] for each in of_type(self.template, kind).values()]

    def _is_queue(self, value: Any) -> bool:
        return isinstance(value, dict) and target(value) == self.queue_id


def subscribers(template: Template) -> list[Subscriber]:
    """Every queue with a task's tag, but the dead-letter queues."""
    found = []
    for id_, each in of_type(template, "AWS::SQS::Queue").items():
        tags = {tag["Key"]: tag["Value"] for tag in each["Properties"].get("Tags", [])}
        if "fanout:task" in tags and "RedrivePolicy" in each["Properties"]:
            found.append(Subscriber(tags["fanout:task"], template, id_))
    return found


def of_type(template: Template, kind: str) -> dict[str, Resource]:
    """Logical id -> resource, for a type like AWS::SQS::Queue."""
    return {id_: each for id_, each in template["Resources"].items() if each["Type"] == kind}


def properties(template: Template, id_: str) -> Resource:
    found: Resource = template["Resources"][id_]["Properties"]
    return found


def target(value: Any) -> str:
    """The logical id behind a Ref or Fn::GetAtt."""
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
