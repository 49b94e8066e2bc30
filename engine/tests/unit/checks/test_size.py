"""Large templates: time grows with their size, and no faster."""

import sys
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.checks.engine import check_template, check_templates
from fanout.template.template import Template
from tests.examples import examples
from tests.unit.checks.bench.cases import cases


def fan(queues: int) -> dict[str, Any]:
    """A topic with so many subscribed queues, a mapping each."""
    resources: dict[str, Any] = {"Topic": {"Type": "AWS::SNS::Topic"}, "Worker": {"Type": "AWS::Lambda::Function"}}
    for number in range(queues):
        name, arn = f"Queue{number}", {"Fn::GetAtt": [f"Queue{number}", "Arn"]}
        resources[name] = {"Type": "AWS::SQS::Queue"}
        resources[f"{name}Subscription"] = {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": arn},
        }
        resources[f"{name}Mapping"] = {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"EventSourceArn": arn, "FunctionName": {"Ref": "Worker"}},
        }
    return {"Resources": resources}


def stack(number: int, of: int = 8) -> Template:
    """Subscribers as an app has them, whose topic is another stack's: each with a role, a policy, a permission, a log group, alarms."""
    resources: dict[str, Any] = {"Told": {"Type": "AWS::SNS::Topic"}}
    for one in range(of):
        queue = {"Fn::GetAtt": [f"Queue{one}", "Arn"]}
        role = {"Ref": f"Role{one}"}
        allowed = {"Effect": "Allow", "Action": "sns:Publish", "Resource": f"arn:aws:sns:eu-west-1:1:t{number}"}
        document = {"PolicyDocument": {"Statement": [allowed]}, "Roles": [role]}
        dead = {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": [f"Dead{one}", "Arn"]}, "maxReceiveCount": 5}}
        metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible"}
        watched = {"Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": [f"Dead{one}", "QueueName"]}}]}
        resources |= {
            f"Queue{one}": {"Type": "AWS::SQS::Queue", "Properties": dead},
            f"Dead{one}": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"dead-{number}-{one}"}},
            f"Subscription{one}": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": "arn:aws:sns:eu-west-1:1:t", "Protocol": "sqs", "Endpoint": queue},
            },
            f"Role{one}": {"Type": "AWS::IAM::Role", "Properties": {}},
            f"Policy{one}": {"Type": "AWS::IAM::Policy", "Properties": document},
            f"Worker{one}": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Role": {"Fn::GetAtt": [f"Role{one}", "Arn"]}},
            },
            f"Group{one}": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": {"Fn::Sub": f"/aws/lambda/${{Worker{one}}}"}, "RetentionInDays": 7},
            },
            f"Permission{one}": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {"FunctionName": {"Ref": f"Worker{one}"}, "Principal": "sns.amazonaws.com"},
            },
            f"Mapping{one}": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {"EventSourceArn": queue, "FunctionName": {"Ref": f"Worker{one}"}},
            },
            f"Alarm{one}": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {**metric, **watched, "AlarmActions": [{"Ref": "Told"}]},
            },
        }
    return Template({"Resources": resources}, name=f"Stack{number}")


def steps(check: Callable[[], Any]) -> int:
    """Calls of ours: what a machine's load does not change."""
    count = 0

    def tracer(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return None  # calls only

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        check()
    finally:
        sys.settrace(before)
    return count


def test_twice_the_queues_are_at_most_a_bit_more_than_twice_the_calls() -> None:
    small, large = (steps(lambda queues=queues: check_template(fan(queues))) for queues in (40, 160))  # type: ignore[misc]
    assert large < 6 * small


def test_twice_the_stacks_are_at_most_a_bit_more_than_twice_the_calls() -> None:
    """Stacks that are deployed together ask each other: none of them looks through all the others for each of its resources."""
    few, many = ([stack(number) for number in range(stacks)] for stacks in (4, 16))
    assert steps(lambda: check_templates(many)) < 5 * steps(lambda: check_templates(few))


def test_a_permission_whose_function_is_not_seen_may_be_any_functions() -> None:
    subscribed = {"TopicArn": {"Ref": "Topic"}, "Protocol": "lambda", "Endpoint": {"Fn::GetAtt": ["Worker", "Arn"]}}
    permission = {"FunctionName": {"Fn::ImportValue": "elsewhere"}, "Principal": "sns.amazonaws.com"}
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Worker": {"Type": "AWS::Lambda::Function"},
        "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": subscribed},
    }
    refused = {each.rule for each in check_template({"Resources": resources})}
    resources["Permission"] = {"Type": "AWS::Lambda::Permission", "Properties": permission}
    unseen = {each.rule for each in check_template({"Resources": resources})}
    assert refused - unseen == {"function-refuses-sender"}


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from([each for each in cases() if "Fn::ForEach" not in str(each.template)]), st.sampled_from(["A", "AB"])
)
def test_what_is_found_written_out_is_found_in_a_loop(case: Any, names: str) -> None:
    """Expanding loses no finding: the same resources, each out of a loop over one name."""
    resources = case.template["Resources"]
    if any(not isinstance(each, dict) or "Type" not in each for each in resources.values()):
        return
    looped = {
        f"Fn::ForEach::L{number}": ["N", ["X"], {id_: each}] for number, (id_, each) in enumerate(resources.items())
    }
    body = {**case.template, "Resources": looped}
    assert {each.rule for each in check_template(Template(body, name="case", given=case.parameters))} == case.rules()


if __name__ == "__main__":
    for queues in (40, 400, 2_000):
        began = time.perf_counter()
        check_template(fan(queues))
        print(f"{queues} queues: {time.perf_counter() - began:.2f} s")
