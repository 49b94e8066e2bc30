"""What starts and ends the tasks of a service: scalable targets, their policies, and the alarms that call those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fanout.template.alarms import actions_of, metrics_of
from fanout.template.template import Linked, Resource, Template
from fanout.template.types import ALARM
from fanout.template.values import Value, as_list, as_number

TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"
SQS, OF_SERVICES = "AWS/SQS", ("AWS/ECS", "ECS/ContainerInsights")
Named = tuple[Value, Value]
"""Namespace and metric."""


@dataclass(frozen=True)
class Step:
    """A policy as one alarm calls it."""

    alarm: Resource
    metrics: tuple[Named, ...]

    @property
    def rings_when_less(self) -> bool:
        return str(self.alarm.get("ComparisonOperator")).startswith("LessThan")


@dataclass(frozen=True)
class Policy:
    """`target` of ECS. `tracked`: the metrics of target tracking; None of another kind."""

    resource: Resource
    target: Resource
    steps: tuple[Step, ...]
    tracked: tuple[Named, ...] | None

    @property
    def follows_the_service(self) -> bool:
        """Of which there is no number while no task of it runs."""
        predefined = self.resource.get(_TRACKING, "PredefinedMetricSpecification", "PredefinedMetricType")
        if str(predefined).startswith("ECSService"):
            return True
        every = [self.tracked] if self.tracked else [each.metrics for each in self.steps]
        return bool(every) and all(any(namespace in OF_SERVICES for namespace, _ in some) for some in every)

    @property
    def takes_away(self) -> list[tuple[Named, ...]]:
        """The metrics by each of which it ends tasks."""
        if self.tracked is not None:
            return [] if self.resource.flag(_TRACKING, "DisableScaleIn") else [self.tracked]
        if not self._ends:
            return []
        return [each.metrics for each in self.steps if each.rings_when_less or self._only_ends]

    @property
    def adds(self) -> bool:
        """Whether it can make one of none."""
        if self.tracked is not None:
            return not self.follows_the_service
        in_percent = self.resource.get(_STEPS, "AdjustmentType") == "PercentChangeInCapacity"
        if in_percent and self.resource.get(_STEPS, "MinAdjustmentMagnitude") is None:
            return False
        return any(each > 0 for each in self._adjustments) and not self.follows_the_service

    @property
    def _adjustments(self) -> list[float]:
        steps: list[Any] = as_list(self.resource.get(_STEPS, "StepAdjustments"))
        found = [as_number(each.get("ScalingAdjustment")) for each in steps if isinstance(each, dict)]
        return [each for each in found if each is not None]

    @property
    def _ends(self) -> bool:
        return self._only_ends or self.resource.get(_STEPS, "AdjustmentType") == "ExactCapacity"

    @property
    def _only_ends(self) -> bool:
        return bool(self._adjustments) and max(self._adjustments) < 0


_STEPS, _TRACKING = "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration"


def only_scales(alarm: Resource) -> bool:
    """Whether it starts or ends tasks, and tells nobody."""
    actions = actions_of(alarm)
    return bool(actions) and all(isinstance(each, Resource) and each.type == POLICY for each in actions)


def targets(template: Template) -> list[Resource]:
    """Of services of ECS."""
    return [each for each in template.of(TARGET) if each.get("ServiceNamespace") == "ecs"]


def policies(template: Template) -> list[Policy]:
    return list(template.remember(_policies))


def _policies(template: Template) -> list[Policy]:
    called = template.linked.remember(_steps)
    known = targets(template)
    found = []
    for each in template.of(POLICY):
        target = template.resource(each.get("ScalingTargetId"))
        if target in known:
            found.append(Policy(each, target, tuple(called.get(each, ())), _tracked(each)))
    return found


def _steps(linked: Linked) -> dict[Resource, list[Step]]:
    """The alarms that call each policy."""
    found: dict[Resource, list[Step]] = {}
    for alarm in linked.of(ALARM):
        for action in actions_of(alarm):
            if isinstance(action, Resource) and action.type == POLICY:
                named = tuple((namespace, metric) for namespace, metric, _ in metrics_of(alarm))
                found.setdefault(action, []).append(Step(alarm, named))
    return found


def _tracked(policy: Resource) -> tuple[Named, ...] | None:
    configuration: Any = policy.get(_TRACKING)
    return tuple(_customized(configuration)) if isinstance(configuration, dict) else None


def _customized(configuration: dict[str, Any]) -> Iterator[Named]:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_CustomizedMetricSpecification.html"""
    customized = configuration.get("CustomizedMetricSpecification")
    if not isinstance(customized, dict):
        return
    if customized.get("MetricName") is not None:
        yield customized.get("Namespace"), customized["MetricName"]
    for query in as_list(customized.get("Metrics")):
        stat = query.get("MetricStat") if isinstance(query, dict) else None
        metric = stat.get("Metric") if isinstance(stat, dict) else None
        if isinstance(metric, dict):
            yield metric.get("Namespace"), metric.get("MetricName")
