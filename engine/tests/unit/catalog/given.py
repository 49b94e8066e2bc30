"""Templates that this project did not write: other logical ids, no construct paths, no variables of ours."""

from typing import Any

Template = dict[str, Any]


def att(logical_id: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, attribute]}


def subscribed(name: str, topic: Any, **subscription: Any) -> dict[str, Any]:
    """The resources of one subscriber: `<name>Queue`, `<name>Dlq`, `<name>Sub`, `<name>Fn`, `<name>Map`."""
    redrive = {"deadLetterTargetArn": att(f"{name}Dlq"), "maxReceiveCount": 4}
    return {
        f"{name}Dlq": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1_209_600}},
        f"{name}Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60, "RedrivePolicy": redrive}},
        f"{name}Sub": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"Protocol": "sqs", "TopicArn": topic, "Endpoint": att(f"{name}Queue"), **subscription},
        },
        f"{name}Fn": {"Type": "AWS::Lambda::Function", "Properties": {"Role": att(f"{name}Role"), "Timeout": 10}},
        f"{name}Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [_may_consume(f"{name}Queue")]}},
        f"{name}Map": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"EventSourceArn": att(f"{name}Queue"), "FunctionName": {"Ref": f"{name}Fn"}},
        },
    }


def alarm(name: str, queue: str) -> dict[str, Any]:
    dimensions = [{"Name": "QueueName", "Value": att(queue, "QueueName")}]
    return {
        name: {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": dimensions,
                "Statistic": "Maximum",
                "Period": 300,
                "EvaluationPeriods": 3,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 7200,
            },
        }
    }


def orders() -> Template:
    """One topic, `Orders`, whose subscribers are `Bill` and `Ship`."""
    topic = {"Ref": "Orders"}
    resources = {
        "Orders": {"Type": "AWS::SNS::Topic", "Properties": {}},
        **subscribed("Bill", topic, RawMessageDelivery=True),
        **subscribed("Ship", topic, FilterPolicy={"country": ["DE", {"prefix": "F"}]}),
        **alarm("BillIsLate", "BillDlq"),
    }
    return {"Resources": resources}


def many(count: int) -> Template:
    """`Task00` to the last, each with an alarm."""
    resources: dict[str, Any] = {"Orders": {"Type": "AWS::SNS::Topic", "Properties": {}}}
    for number in range(count):
        resources |= subscribed(f"Task{number:02}", {"Ref": "Orders"}) | alarm(f"A{number}", f"Task{number:02}Dlq")
    return {"Resources": resources}


def _may_consume(queue: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": att(queue)}
    return {"PolicyName": "consume", "PolicyDocument": {"Statement": [statement]}}
