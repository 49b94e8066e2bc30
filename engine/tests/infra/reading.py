"""Small questions about a template, so that a test reads like its promise."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Template = dict[str, Any]
Resource = dict[str, Any]


@dataclass(frozen=True)
class Synth:
    """What `python app.py` writes, with the feature flags of cdk.json."""

    folder: Path
    templates: dict[str, Template] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Template:
        """The template of one settings entry, by its name."""
        if name not in self.templates:
            self.templates[name] = json.loads((self.folder / f"OrderEvents-{name}.template.json").read_text())
        return self.templates[name]


def of_type(template: Template, kind: str) -> dict[str, Resource]:
    """Logical id -> resource, for a type like AWS::SQS::Queue."""
    return {id_: each for id_, each in template["Resources"].items() if each["Type"] == kind}


def target(value: Any) -> str:
    """The logical id behind a Ref or Fn::GetAtt."""
    if "Ref" in value:
        return str(value["Ref"])
    return str(value["Fn::GetAtt"][0])


def dead_letter_queues(template: Template) -> dict[str, Resource]:
    """The queues that another queue names in its RedrivePolicy."""
    queues = of_type(template, "AWS::SQS::Queue")
    ids = {
        target(each["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        for each in queues.values()
        if "RedrivePolicy" in each["Properties"]
    }
    return {id_: queues[id_] for id_ in ids}


def task_queues(template: Template) -> dict[str, Resource]:
    """The queues with a RedrivePolicy."""
    return {
        id_: each for id_, each in of_type(template, "AWS::SQS::Queue").items() if "RedrivePolicy" in each["Properties"]
    }


def statements(resource: Resource) -> list[dict[str, Any]]:
    """Of a policy resource of any kind, or of a key."""
    properties = resource["Properties"]
    document = properties.get("PolicyDocument") or properties["KeyPolicy"]
    return list(document["Statement"])


def statements_about(template: Template, kind: str, target_id: str, *, key: str) -> list[dict[str, Any]]:
    """The statements of the policy of `kind` that is attached (by property `key`) to the resource `target_id`."""
    return [
        statement
        for policy in of_type(template, kind).values()
        if target_id in [target(each) for each in policy["Properties"][key]]
        for statement in statements(policy)
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)
