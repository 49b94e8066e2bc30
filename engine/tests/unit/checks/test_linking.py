"""Templates that are deployed together: what one imports leads to what another exports."""

from typing import Any

from fanout.template.linking import link
from fanout.template.template import Template

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
