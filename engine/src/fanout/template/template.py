"""A CloudFormation template as the rules see it: resources with resolved properties, whatever the JSON was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fanout import names
from fanout.contracts.contract import Contract
from fanout.template.arns import arn_of
from fanout.template.conditions import decided
from fanout.template.expansion import Expansion, expand
from fanout.template.intrinsics import resolve
from fanout.template.macros import SERVERLESS, TRANSFORM, transforms, unseen_macros
from fanout.template.nested import PLAIN, Shape, objects, shape_of
from fanout.template.outputs import is_export, is_published
from fanout.template.references import referred_by
from fanout.template.remembering import Remembering
from fanout.template.values import UNKNOWN, Reference, Text, Value, as_flag, as_list, as_number

_OPAQUE = ("AWS::CloudFormation::", "Custom::")
NESTED = "AWS::CloudFormation::Stack"
_NAMES = {"AWS::SQS::Queue": ("sqs", "QueueName"), "AWS::SNS::Topic": ("sns", "TopicName")}
"""By type: the service in its ARN, and the property with its name."""
_NOT_ASKED: Any = object()


class Resource:
    """One resource. Two resources are equal only if they are the same one."""

    def __init__(self, template: Template, logical_id: str, body: dict[str, Any]) -> None:
        self.template = template
        self.id = logical_id
        self.body = body
        self._asked: dict[str, Value] = {}
        self.type = body["Type"] if isinstance(body.get("Type"), str) else ""

    @cached_property
    def _whole(self) -> Value:
        return resolve(self.template, self.body.get("Properties"))

    @property
    def properties(self) -> dict[str, Value]:
        """All that can be seen. Most are never asked for: `get` resolves one."""
        return self._whole if isinstance(self._whole, dict) else {}

    def _resolved(self, name: str) -> Value:
        written = self.body.get("Properties")
        if isinstance(written, dict) and len(written) > 1:
            found = written.get(name, UNKNOWN if TRANSFORM in written else None)
            return found if found.__class__ in PLAIN or found is UNKNOWN else resolve(self.template, found, 1)
        # one alone may be an intrinsic function
        return UNKNOWN if self._whole is UNKNOWN else self.properties.get(name)

    @cached_property
    def objects(self) -> tuple[dict[str, Any], ...]:
        """Every object of its properties, as they are written."""
        return tuple(objects(self.body.get("Properties")))

    @cached_property
    def refers_to(self) -> set[str]:
        """The names in its properties' intrinsic functions."""
        return referred_by(self.objects)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        metadata = self.body.get("Metadata")
        return metadata if isinstance(metadata, dict) else {}

    def forget(self) -> None:
        """Its properties, which are resolved anew."""
        self.__dict__.pop("_whole", None)
        self._asked.clear()

    @property
    def path(self) -> str:
        """The CDK construct path when it is known, else the logical id."""
        path = self.metadata.get("aws:cdk:path")
        return path if isinstance(path, str) and path else self.template.paths.get(self.id, self.id)

    @property
    def depends_on(self) -> list[str]:
        return [each for each in as_list(self.body.get("DependsOn")) if isinstance(each, str)]

    def get(self, *keys: str) -> Value:
        """The value at one or more `keys`; None when it is absent, UNKNOWN when it cannot be seen."""
        name, *within = keys
        found = self._asked.get(name, _NOT_ASKED)
        if found is _NOT_ASKED:
            found = self._asked[name] = self._resolved(name)
        for key in within:
            if not isinstance(found, dict):
                return UNKNOWN if found is not None else None
            found = found.get(key)
        return found

    def number(self, *keys: str, default: float | None = None) -> float | None:
        return as_number(self.get(*keys), default)

    def flag(self, *keys: str, default: bool = False) -> bool | None:
        return as_flag(self.get(*keys), default)

    def document(self, *keys: str) -> Value:
        """An object that CloudFormation also takes as a JSON string: a policy, a redrive policy, a filter."""
        found = self.get(*keys)
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except (ValueError, RecursionError):
                return UNKNOWN
        return found if found is None or isinstance(found, dict) else UNKNOWN


class Template(Remembering):
    """One template. `linked` are those deployed together with it, itself among them, into which its imports may lead."""

    def __init__(
        self,
        body: Any,
        *,
        name: str = "template",
        production: bool = False,
        size: int | None = None,
        given: Mapping[str, Value] | None = None,
        shape: Shape | None = None,
    ) -> None:
        super().__init__()
        self.body: dict[str, Any] = body if isinstance(body, dict) else {}
        self._written, self._shape = self.body, shape or shape_of(self.body)
        self.expansion = Expansion(self.body)
        self.name = name
        self.size = size
        self.production = production or self._says("production")
        self.given = dict(given or {})
        """Parameters whose values are known, the stack's own (AWS::Region) too."""
        self.given_by: Resource | None = None
        """The stack of a parent that gave them."""
        self.environment: dict[str, str] = {}
        """The account and the Region that CDK synthesized it for, as AWS::AccountId and AWS::Region."""
        self.contracts: tuple[Contract, ...] = ()
        self.file: Path | None = None
        self.paths: dict[str, str] = {}
        self.acknowledged_in_cdk: list[tuple[str, str, str]] = []
        self.imports: dict[str, Value] = {}
        self.of_several: dict[str, list[str]] = {}
        """Names that it could import of several stacks, and these."""
        self.linked = Linked([self])
        self.resources: dict[str, Resource] = {}
        self.conditions: dict[str, bool | None] = {}
        self.switched_off: dict[str, str] = {}
        """The resources that are not deployed with these parameters, and why: their condition."""
        self.parameters = self._section("Parameters")
        self.mappings = self._section("Mappings")
        self._read()

    def _read(self) -> None:
        """Loops and SAM are written out first, then the parameters decide conditions, and these what is deployed."""
        self.expansion = expand(self._written, self._shape, self._collection, self._values)
        self.body = self.expansion.body
        self.conditions = decided(self, self._section("Conditions"))
        self.outputs = self._section("Outputs")
        every = {id_: each for id_, each in self._section("Resources").items() if isinstance(each, dict)}
        self.switched_off = {id_: each["Condition"] for id_, each in every.items() if self._is_off(each)}
        self.resources |= {
            id_: Resource(self, id_, each) for id_, each in every.items() if id_ not in self.switched_off
        }
        self.forget()

    def give(self, values: Mapping[str, Value]) -> None:
        """Values of parameters; what the template is deployed as follows from them."""
        self.given |= values
        self.forget()
        self.resources = {}
        self._read()

    def forget(self) -> None:
        """What was worked out with other parameters, or beside other templates."""
        for worked_out in ("exported", "dependencies", "_named", "macros"):
            self.__dict__.pop(worked_out, None)
        if "Fn::ImportValue" in self.expansion.keys:
            for each in self.resources.values():
                each.forget()
        self._remembered.clear()
        self.linked.forget()

    def make_room(self) -> None:
        """All that was worked out of it: what is asked again is worked out anew."""
        for each in self.resources.values():
            each.forget()
        self.forget()

    @cached_property
    def macros(self) -> list[str]:
        """Macros that add resources which only CloudFormation sees."""
        fragment = [f"{SERVERLESS}* without its Transform, a fragment"] if self.expansion.is_fragment else []
        return [*fragment, *unseen_macros(self.body, self.expansion.keys, transforms(self._written))]

    def may_have(self, logical_id: str) -> bool:
        """Whether it may be deployed although it is not among the resources."""
        return bool(self.macros or self.expansion.loops) or logical_id in self.switched_off

    def _values(self) -> dict[str, Value]:
        """Of the parameters, as far as they are known."""
        found = {name: resolve(self, {"Ref": name}) for name in (*self.parameters, *self.given)}
        plain = {name: ",".join(each) if isinstance(each, list) else each for name, each in found.items()}
        return {name: each for name, each in plain.items() if isinstance(each, str | int | float)}

    def _is_off(self, body: dict[str, Any]) -> bool:
        condition = body.get("Condition")
        return isinstance(condition, str) and self.conditions.get(condition) is False

    def _collection(self, node: Any) -> list[str] | None:
        """What a loop runs over."""
        found = resolve(self, node)
        plain = isinstance(found, list) and all(isinstance(each, str | int) for each in found)
        return [str(each) for each in found] if plain else None

    def of(self, *types: str) -> Sequence[Resource]:
        """This template's own resources of these types, in its order."""
        if types not in self._remembered:
            self._remembered[types] = [each for each in self.resources.values() if each.type in types]
        found: Sequence[Resource] = self._remembered[types]
        return found

    def target(self, value: Value) -> Value:
        """What an ARN, a URL or a name leads to: the Resource if it can be seen, else the value itself as identity."""
        if isinstance(value, dict | list):
            return UNKNOWN
        if isinstance(value, Reference):
            if value.resource.type == NESTED and value.attribute.startswith("Outputs."):
                return self._output_of(value)
            return value if value.resource.type.startswith(_OPAQUE) else value.resource
        if isinstance(value, Text) and isinstance(value.parts[-1], Reference):
            last = value.parts[-1]
            return last.resource if last.attribute in ("QueueName", "TopicName") else value
        arn = arn_of(value)
        found = self._named.get((arn.service, arn.name)) if arn else None
        if arn is None or found is None:
            return value
        here = self.environment | self.given
        return found if arn.may_be_in(here.get("AWS::AccountId"), here.get("AWS::Region")) else value

    def child_of(self, stack: Resource) -> Template | None:
        """The template of a nested stack, when it was checked with this one."""
        named = stack.metadata.get("aws:asset:path") or stack.get("TemplateURL")
        if not isinstance(named, str):
            return None
        file = Path(named).name
        found = [each for each in self.linked.remember(_by_file).get(file, ()) if each is not self]
        return found[0] if len(found) == 1 else None

    def _output_of(self, value: Reference) -> Value:
        """What an output of a nested stack leads to."""
        stack = value.resource
        child = stack.template.child_of(stack) if isinstance(stack, Resource) else None
        output = child.outputs.get(value.attribute.removeprefix("Outputs.")) if child else None
        if child is None or not isinstance(output, dict) or "Value" not in output:
            return value
        return child.target(resolve(child, output["Value"]))

    def resource(self, value: Value) -> Resource | None:
        """The resource that `value` leads to, when it can be seen."""
        found = self.target(value)
        return found if isinstance(found, Resource) else None

    @cached_property
    def exported(self) -> set[Resource]:
        """Resources that another stack can use: what it does with them cannot be seen here."""
        published = [each for name, each in self.outputs.items() if is_export(each) or is_published(name, each)]
        values = (resolve(self, each["Value"]) for each in published)
        found = (self.resource(value) for value in values)
        return {each for each in found if each is not None}

    @cached_property
    def dependencies(self) -> dict[str, set[str]]:
        """The logical ids each resource needs before it can be made: by Ref, GetAtt, Sub and DependsOn."""
        return {each.id: _needs(self, each) - {each.id} for each in self.resources.values()}

    @cached_property
    def _named(self) -> dict[Value, Resource]:
        """Queues and topics by service and physical name, for ARNs that are written out."""
        named = ((*_NAMES[each.type], each) for each in self.of(*_NAMES))
        return {(service, each.get(key)): each for service, key, each in named if isinstance(each.get(key), str)}

    def _section(self, name: str) -> dict[str, Any]:
        section = self.body.get(name)
        return {str(key): each for key, each in section.items()} if isinstance(section, dict) else {}

    def _says(self, name: str) -> bool:
        ours = self._section("Metadata").get(names.METADATA)
        return isinstance(ours, dict) and ours.get(name) is True


class Linked(Remembering):
    """Templates that are deployed together. A resource of them is looked for by an index that is made once, so that a question for
    each resource stays linear."""

    def __init__(self, templates: Iterable[Template]) -> None:
        super().__init__()
        self.templates = tuple(templates)

    def of(self, *types: str) -> Sequence[Resource]:
        """Resources of these types in any of the templates."""
        if types not in self._remembered:
            self._remembered[types] = [each for template in self.templates for each in template.of(*types)]
        found: Sequence[Resource] = self._remembered[types]
        return found

    def forget(self) -> None:
        self._remembered.clear()


def _needs(template: Template, resource: Resource) -> set[str]:
    named = {*resource.depends_on, *resource.refers_to}
    return {each for each in named if each in template.resources}


def _by_file(linked: Linked) -> dict[str, list[Template]]:
    found: dict[str, list[Template]] = {}
    for each in linked.templates:
        if each.file is not None:
            found.setdefault(each.file.name, []).append(each)
    return found
