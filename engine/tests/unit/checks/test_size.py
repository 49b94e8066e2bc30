"""Large templates: time grows with their size, and no faster."""

import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fanout.checks.engine import check_template
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


def steps(queues: int) -> int:
    """Lines of ours that run: what a machine's load does not change."""
    import sys

    count = 0

    def tracer(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return None  # calls only

    sys.settrace(tracer)
    try:
        check_template(fan(queues))
    finally:
        sys.settrace(None)
    return count


def test_twice_the_queues_are_at_most_a_bit_more_than_twice_the_calls() -> None:
    small, large = steps(40), steps(160)
    assert large < 6 * small


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
