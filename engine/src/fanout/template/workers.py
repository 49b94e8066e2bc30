"""Who works on a queue outside of Lambda: services of ECS whose container is told its URL, and workers elsewhere that are told
by a parameter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fanout import names
from fanout.template.references import referred_in
from fanout.template.scaling import targets
from fanout.template.template import Resource, Template
from fanout.template.types import QUEUE
from fanout.template.values import Value, as_list, as_number

SERVICE, DEFINITION, PARAMETER = "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::SSM::Parameter"


@dataclass(frozen=True)
class Worker:
    """`resource` is the service, or the parameter of one elsewhere, which has no `definition`. `variables`: what it is told."""

    resource: Resource
    queue: Resource
    definition: Resource | None
    variables: dict[str, Value] = field(compare=False)

    @property
    def log_group(self) -> Resource | None:
        if self.definition is None:
            return None
        configuration = _container(self.definition).get("LogConfiguration")
        options = configuration.get("Options") if isinstance(configuration, dict) else None
        group = options.get("awslogs-group") if isinstance(options, dict) else None
        return self.definition.template.resource(group)

    @property
    def role(self) -> Resource | None:
        return self.definition.template.resource(self.definition.get("TaskRoleArn")) if self.definition else None

    @property
    def cpu(self) -> float:
        """Of 1024 units to a vCPU; 0 elsewhere."""
        return self.definition.number("Cpu") or 0 if self.definition else 0

    @property
    def memory_mib(self) -> float:
        return self.definition.number("Memory") or 0 if self.definition else 0

    @property
    def has_public_address(self) -> bool:
        asked = self.resource.get("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp")
        return bool(asked == "ENABLED")

    @property
    def is_spot(self) -> bool:
        strategies: list[Any] = as_list(self.resource.get("CapacityProviderStrategy"))
        return any(isinstance(each, dict) and each.get("CapacityProvider") == "FARGATE_SPOT" for each in strategies)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most tasks; 1 to 1 elsewhere, as far as is known."""
        if self.definition is None:
            return 1, 1
        for target in targets(self.resource.template):
            if self.resource.id in referred_in(_written(target, "ResourceId")):
                return target.number("MinCapacity") or 0, target.number("MaxCapacity") or 1
        count = self.resource.number("DesiredCount", default=1)
        return (1, 1) if count is None else (count, count)


def workers(template: Template) -> list[Worker]:
    return list(template.remember(_workers))


def _workers(template: Template) -> list[Worker]:
    return [*_services(template), *_elsewhere(template)]


def _services(template: Template) -> Iterator[Worker]:
    for service in template.of(SERVICE):
        definition = template.resource(service.get("TaskDefinition"))
        if definition is None or definition.type != DEFINITION:
            continue
        environment: list[Any] = as_list(_container(definition).get("Environment"))
        told = {str(each.get("Name")): each.get("Value") for each in environment if isinstance(each, dict)}
        queue = template.resource(told.get(names.QUEUE_URL))
        if queue is not None and queue.type == QUEUE:
            yield Worker(service, queue, definition, told)


def _written(resource: Resource, name: str) -> Any:
    """A property with its references as they are in the template."""
    properties = resource.body.get("Properties")
    return properties.get(name) if isinstance(properties, dict) else None


def _container(definition: Resource) -> dict[str, Any]:
    every: list[Any] = as_list(definition.get("ContainerDefinitions"))
    return next((each for each in every if isinstance(each, dict)), {})


def _elsewhere(template: Template) -> Iterator[Worker]:
    for parameter in template.of(PARAMETER):
        told = _told(_written(parameter, "Value"))
        queue = template.resources.get(str(told.get(names.QUEUE_URL)).removeprefix(_REFERENCE))
        if queue is not None and queue.type == QUEUE:
            yield Worker(parameter, queue, None, told)


_REFERENCE = "the value of "


def _told(value: Any) -> dict[str, Any]:
    """JSON with references in it, which are told by their names."""
    joined = as_list(value.get("Fn::Join")) if isinstance(value, dict) and len(value) == 1 else []
    parts = as_list(joined[1]) if len(joined) == 2 and joined[0] == "" else [value]
    text = "".join(each if isinstance(each, str) else _REFERENCE + ", ".join(referred_in(each)) for each in parts)
    try:
        found = json.loads(text) if names.QUEUE_URL in text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number_of(worker: Worker, name: str, otherwise: float) -> float:
    """A variable as a number."""
    value = worker.variables.get(name)
    found = as_number(value) if not isinstance(value, str) else float(value) if value.isdecimal() else None
    return otherwise if found is None else found
