"""Templates that are deployed together: what one imports leads to what another exports."""

import json
from pathlib import Path
from typing import Any

import pytest

from fanout.template.linking import link
from fanout.template.load import load
from fanout.template.template import Resource, Template

MAKES: dict[str, Any] = {
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "TheQueue"}}},
}
READS: dict[str, Any] = {
    "Resources": {
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"EventSourceArn": {"Fn::ImportValue": "TheQueue"}, "BatchSize": 10},
        }
    }
}


def test_what_was_read_of_a_template_alone_is_read_anew_beside_the_one_that_exports() -> None:
    makes, reads = Template(MAKES, name="makes"), Template(READS, name="reads")
    mapping = reads.resources["Mapping"]
    assert reads.resource(mapping.get("EventSourceArn")) is None
    link([makes, reads])
    assert reads.resource(mapping.get("EventSourceArn")) is makes.resources["Queue"]
    link([reads])
    assert reads.resource(mapping.get("EventSourceArn")) is None


def led_to(reads: Template) -> Resource | None:
    return reads.resource(reads.resources["Mapping"].get("EventSourceArn"))


def at(folder: str, body: dict[str, Any], name: str) -> Template:
    template = Template(body, name=name)
    template.file = Path(folder, f"{name}.template.json")
    return template


def test_of_several_exports_of_one_name_the_own_stage_s_is_meant() -> None:
    stages = [(at(stage, MAKES, "Queues"), at(stage, READS, "Worker")) for stage in ("Dev", "Prod")]
    link(each for stage in stages for each in stage)
    assert [led_to(reads) for _, reads in stages] == [makes.resources["Queue"] for makes, _ in stages]


def test_of_two_stacks_of_one_name_the_own_stage_s_output_is_meant() -> None:
    makes = {**MAKES, "Outputs": {"PublishOutputArn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}}}
    named = {"Fn::GetStackOutput": {"StackName": "Queues", "OutputName": "PublishOutputArn"}}
    reads = {"Resources": {"Mapping": {**READS["Resources"]["Mapping"], "Properties": {"EventSourceArn": named}}}}
    stages = [(at(stage, makes, "Queues"), at(stage, reads, "Worker")) for stage in ("Dev", "Prod")]
    link(each for stage in stages for each in stage)
    assert [led_to(reads) for _, reads in stages] == [makes.resources["Queue"] for makes, _ in stages]


def test_an_output_of_another_region_is_that_region_s() -> None:
    makes = {**MAKES, "Outputs": {"PublishOutputArn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}}}
    named = {"StackName": "Queues", "OutputName": "PublishOutputArn", "Region": "us-east-1"}
    properties = {"EventSourceArn": {"Fn::GetStackOutput": named}}
    reads = at("out", {"Resources": {"Mapping": {**READS["Resources"]["Mapping"], "Properties": properties}}}, "Worker")
    here, there = at("out", makes, "Queues"), at("out", makes, "Queues")
    reads.environment = here.environment = {"AWS::Region": "eu-west-1"}
    there.environment = {"AWS::Region": "us-east-1"}
    link([here, there, reads])
    assert led_to(reads) is there.resources["Queue"]


def test_an_import_that_could_be_one_of_several_exports_leads_to_none() -> None:
    two, reads = [at("out", MAKES, name) for name in ("Dev", "Prod")], at("out", READS, "Worker")
    link([*two, reads])
    assert led_to(reads) is None
    elsewhere = at("other", READS, "Worker")
    link([at("Dev", MAKES, "Queues"), at("Prod", MAKES, "Queues"), elsewhere])
    assert led_to(elsewhere) is None
    link([two[0], elsewhere])
    assert led_to(elsewhere) is two[0].resources["Queue"]


def test_of_several_exports_in_one_folder_that_of_the_own_account_and_region_is_meant() -> None:
    regions = ("eu-west-1", "us-east-1", None)
    stacks = [(at("out", MAKES, f"Queues-{each}"), at("out", READS, f"Worker-{each}")) for each in regions]
    for region, both in zip(regions, stacks, strict=True):
        for stack in both:
            stack.environment = {"AWS::Region": region} if region else {}
    link(each for both in stacks for each in both)
    assert [led_to(reads) for _, reads in stacks] == [makes.resources["Queue"] for makes, _ in stacks]


NAMED: dict[str, Any] = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "orders"}},
    }
}


@pytest.mark.parametrize(
    ("written", "is_led"),
    [
        ("arn:aws:{}:eu-west-1:111122223333:orders", True),
        ("arn:${AWS::Partition}:{}:${AWS::Region}:${AWS::AccountId}:orders", True),
        ("arn:aws:{}:*:1111*:orders", True),
        ("arn:aws:{}:us-east-1:111122223333:orders", False),
        ("arn:aws:{}:eu-west-1:444455556666:orders", False),
        ("arn:aws:{}:${AWS::Region}:444455556666:orders", False),
        ("arn:aws:{}:eu-west-1:111122223333:${Prefix}orders", False),
        ("${Prefix}:orders", False),
    ],
)
def test_an_arn_leads_to_the_queue_or_topic_of_its_service_account_and_region(written: str, is_led: bool) -> None:
    here = {"AWS::AccountId": "111122223333", "AWS::Region": "eu-west-1"}
    template = Template({**NAMED, "Parameters": {"Prefix": {"Type": "String"}}})
    template.environment = here
    for service, name in (("sqs", "Queue"), ("sns", "Topic")):
        arn = Resource(template, "Any", {"Properties": {"Arn": {"Fn::Sub": written.replace("{}", service)}}}).get("Arn")
        assert template.resource(arn) is (template.resources[name] if is_led else None)


def test_an_account_that_is_not_known_may_be_the_one_in_an_arn(tmp_path: Path) -> None:
    arn = "arn:aws:sqs:eu-west-1:444455556666:orders"
    assert Template(NAMED).resource(arn) is not None
    assert Template(NAMED, given={"AWS::AccountId": "111122223333"}).resource(arn) is None

    def synthesized_for(environment: str) -> Resource | None:
        stack = {"environment": environment, "properties": {"templateFile": "App.template.json"}}
        (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"App": stack}}))
        (tmp_path / "App.template.json").write_text(json.dumps(NAMED))
        return load(tmp_path)[0].resource(arn)

    assert synthesized_for("aws://unknown-account/unknown-region") is not None
    assert synthesized_for("aws://444455556666/eu-west-1") is not None
    assert synthesized_for("aws://111122223333/eu-west-1") is None
