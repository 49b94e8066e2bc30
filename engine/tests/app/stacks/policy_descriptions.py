"""Policies as this app first deployed them: IAM replaces one whose description changes, and roles hold its ARN."""

from aws_cdk import aws_iam as iam

from fanout.constructs import OperatorPolicies, Topic

PUBLISH = "Publish order events: attach to the role of a publishing service"
READ = "Look at order events: attach to the role of an operator"
HEAL = "Heal order events: attach beside those for looking"


def keep_policy_descriptions(topic: Topic, operators: OperatorPolicies) -> None:
    described = [(topic.publisher_policy, PUBLISH)]
    described += [(policy, READ) for policy in operators.read] + [(policy, HEAL) for policy in operators.heal]
    for policy, description in described:
        resource = policy.node.default_child
        if isinstance(resource, iam.CfnManagedPolicy):
            resource.description = description
