"""What `fanout intake` asks for: managed policies for operators, who see what waits and what was refused, and no answer."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from fanout import names
from fanout.intake import store


def let_operate(scope: Construct, table: dynamodb.Table) -> list[iam.ManagedPolicy]:
    """To look, and to heal: attach the second beside the first. Their ARNs are outputs, as those of the fan-out's stack.

    Answers and tokens are kept from both: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    stack = Stack.of(scope)
    described = stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")
    read = iam.ManagedPolicy(
        scope,
        "ReadPolicy",
        description="Look at what an intake has not emitted: attach to the role of an operator",
        statements=[
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[described]),
            iam.PolicyStatement(
                actions=["dynamodb:Scan"],
                resources=[f"{table.table_arn}/index/{store.INDEX}"],
                conditions={
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": list(store.OF_OPERATORS)},
                    "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
                },
            ),
        ],
    )
    heal = iam.ManagedPolicy(
        scope,
        "HealPolicy",
        description="Give refused entries to the sweep again: attach beside that for looking",
        statements=[
            iam.PolicyStatement(
                actions=["dynamodb:UpdateItem"],
                resources=[table.table_arn],
                conditions={
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": list(store.OF_OPERATORS)},
                    "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
                },
            )
        ],
    )
    if table.encryption_key:
        table.encryption_key.grant(read, "kms:Decrypt")
        table.encryption_key.grant(heal, "kms:GenerateDataKey")
    for output, policy in {
        names.OPERATOR_READ_POLICY_ARN_OUTPUT: read,
        names.OPERATOR_HEAL_POLICY_ARN_OUTPUT: heal,
    }.items():
        CfnOutput(stack, output, value=policy.managed_policy_arn)
    return [read, heal]
