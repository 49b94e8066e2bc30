"""Services that our own stacks do not have, put beside them: what starts and ends their tasks."""

from typing import Any

from tests.infra.checks.senders import add
from tests.infra.checks.spoiling import Stack

TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"


def service(stack: Stack, *, least: int = 1) -> None:
    add(stack, "Scaled", TARGET, ServiceNamespace="ecs", ResourceId="service/a/b", MinCapacity=least, MaxCapacity=4)


def policy(stack: Stack, **more: Any) -> None:
    add(stack, "Scaling", POLICY, PolicyName="it", ScalingTargetId={"Ref": "Scaled"}, **more)


def ended_by_what_waits(stack: Stack) -> None:
    service(stack)
    steps = [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": 0}]
    policy(
        stack,
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={"AdjustmentType": "ExactCapacity", "StepAdjustments": steps},
    )
    queue = {"Fn::GetAtt": [stack.id("NotifyPartner/Queue"), "QueueName"]}
    add(
        stack,
        "Quiet",
        "AWS::CloudWatch::Alarm",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=5,
        Threshold=0,
        ComparisonOperator="LessThanOrEqualToThreshold",
        AlarmActions=[{"Ref": "Scaling"}],
    )


def tracked_by_what_waits(stack: Stack) -> None:
    service(stack)
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Average"}
    policy(
        stack,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 5, "CustomizedMetricSpecification": metric},
    )


def never_started(stack: Stack) -> None:
    service(stack, least=0)
    policy(
        stack,
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "PercentChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 50}],
        },
    )
