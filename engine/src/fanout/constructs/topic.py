"""The topic a form service publishes to, and all that service needs: an ARN and a policy to attach."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_xray as xray
from constructs import Construct

from fanout import names
from fanout.constructs.keys import topic_key
from fanout.constructs.settings import Settings


class FormTopic(Construct):
    """An SNS topic over TLS only, its ARN as output and SSM parameter, and a managed policy for publishers.

    The managed policy allows sns:Publish on this topic and, when the topic has a customer key, the two key rights SNS
    asks of a publisher: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_)
        self.key = topic_key(self, settings)
        ordered = settings.ordering == "per-form"
        self.topic = sns.Topic(
            self,
            "Topic",
            enforce_ssl=True,
            master_key=self.key,
            tracing_config=settings.topic_tracing,
            fifo=ordered or None,
            fifo_throughput_scope=sns.FifoThroughputScope.MESSAGE_GROUP if ordered else None,
        )
        self.topic.apply_removal_policy(settings.removal_policy)
        self._let_in(settings)
        self.publisher_policy = iam.ManagedPolicy(
            self, "PublisherPolicy", description="Publish form events: attach to the role of a form service"
        )
        self.topic.grant_publish(self.publisher_policy)
        if settings.topic_tracing is sns.TracingConfig.ACTIVE:
            self._allow_tracing(settings)

        parameter = ssm.StringParameter(
            self,
            "ArnParameter",
            parameter_name=f"/fanout/{settings.name}/topic-arn",
            string_value=self.topic.topic_arn,
            description="The topic a form service publishes to",
        )
        stack = Stack.of(self)
        CfnOutput(
            stack, names.TOPIC_ARN_OUTPUT, value=self.topic.topic_arn, description="All a form service needs to know"
        )
        CfnOutput(
            stack, names.TOPIC_ARN_PARAMETER_OUTPUT, value=parameter.parameter_name, description="The same, in SSM"
        )
        CfnOutput(
            stack,
            names.PUBLISHER_POLICY_ARN_OUTPUT,
            value=self.publisher_policy.managed_policy_arn,
            description="Attach to the role of the form service",
        )

    def _let_in(self, settings: Settings) -> None:
        """Other accounts: both sides must allow it, here and in the identity's own policy.

        https://docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html
        """
        publishers = [iam.AccountPrincipal(each) for each in settings.publisher_accounts]
        if publishers:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(actions=["sns:Publish"], principals=publishers, resources=[self.topic.topic_arn])
            )
        if publishers and self.key:
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    principals=publishers,
                    resources=["*"],
                    conditions={"StringEquals": {"kms:ViaService": f"sns.{Stack.of(self).region}.amazonaws.com"}},
                )
            )
            CfnOutput(
                Stack.of(self),
                names.TOPIC_KEY_ARN_OUTPUT,
                value=self.key.key_arn,
                description="What their policies name too",
            )
        if settings.subscriber_accounts:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Subscribe"],
                    principals=[iam.AccountPrincipal(each) for each in settings.subscriber_accounts],
                    resources=[self.topic.topic_arn],
                    conditions={"StringEquals": {"sns:Protocol": "sqs"}},
                )
            )

    def _allow_tracing(self, settings: Settings) -> None:
        """SNS sends segments only with this policy: https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html"""
        stack = Stack.of(self)
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": ["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
                    "Resource": "*",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": stack.account},
                        "ArnEquals": {"aws:SourceArn": self.topic.topic_arn},
                    },
                }
            ],
        }
        xray.CfnResourcePolicy(
            self,
            "TracingPolicy",
            policy_name=f"fanout-{settings.name}",
            policy_document=stack.to_json_string(document),
        )
