"""By what a person is found again, and who may erase what they sent."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from fanout import names
from fanout.constructs.function import TaskFunction
from fanout.constructs.settings import Settings
from fanout.intake import subject


class Subject(Construct):
    """The secret under which people are hashed in an intake's index: $0.40 a month. It is never rotated."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Subject")
        self.secret = secretsmanager.Secret(
            self,
            "Key",
            description="Hashes what people are found by; under another one nobody is found",
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=64),
            removal_policy=settings.removal_policy,
        )
        CfnOutput(Stack.of(self), names.INTAKE_SUBJECT_SECRET_OUTPUT, value=self.secret.secret_arn)

    @property
    def statement(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[self.secret.secret_arn])

    def let_read(self, made: TaskFunction) -> None:
        made.role.add_to_principal_policy(self.statement)
        made.function.add_environment(names.INTAKE_SUBJECT_SECRET, self.secret.secret_arn)


def let_erase(scope: Construct, table: dynamodb.Table, of: Subject | None) -> iam.ManagedPolicy:
    """Made once. It may read and delete entries; write it may in the index of people alone."""
    if isinstance(there := scope.node.try_find_child("ErasePolicy"), iam.ManagedPolicy):
        return there
    stack = Stack.of(scope)
    described = stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")
    policy = iam.ManagedPolicy(
        scope,
        "ErasePolicy",
        description="Erase what one person sent: attach to the role of an operator, beside those of the tasks' stack",
        statements=[
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[described]),
            iam.PolicyStatement(
                actions=["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan"],
                resources=[table.table_arn],
            ),
        ],
    )
    if of is not None:
        own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{subject.PREFIX}*"]}}
        policy.add_statements(
            of.statement,
            iam.PolicyStatement(actions=["dynamodb:UpdateItem"], resources=[table.table_arn], conditions=own),
        )
    if table.encryption_key:
        table.encryption_key.grant(policy, "kms:Decrypt", "kms:GenerateDataKey")
    CfnOutput(stack, names.OPERATOR_ERASE_POLICY_ARN_OUTPUT, value=policy.managed_policy_arn)
    return policy
