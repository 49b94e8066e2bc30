"""The topic that services publish to, with the settings of its environment; and one that exists already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Aws, CfnOutput, CfnResource, RemovalPolicy, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_xray as xray
from constructs import Construct

from fanout import names
from fanout.constructs.beating import check_beating
from fanout.constructs.cdk_cache import account_of_stack, fact, name_of_stack, of_stack, stack_of
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.event_types import check_carried
from fanout.constructs.keys import topic_key
from fanout.constructs.settings import Settings
from fanout.constructs.taken_names import take_name
from fanout.constructs.topic_checks import check_arn, check_fairness, check_id, check_order, check_size
from fanout.constructs.unheard import check_heard
from fanout.project import find_root, prefix

if TYPE_CHECKING:
    from fanout.constructs.attachments import Attachments

_ANOTHER = "say main=False of one and give it an id of its own, or give each stack settings with a name of their own"
_NAMED = "CloudFormation cannot make a name that ends in .fifo; where it is taken, generation in settings is raised"


@dataclass(frozen=True, kw_only=True)
class ExistingTopic:
    """A topic that this call did not make: of another stack, team or account. Ordered if it is FIFO."""

    topic: sns.ITopic
    settings: Settings
    schedule_group: str
    """Of its heartbeats."""
    fair_by: str | None = None
    max_bytes: int | None = None
    types: tuple[str, ...] | None = None
    """Of the events that it carries; None for all that contracts/ has."""
    attachments: "Attachments | None" = None


class Topic(Construct):
    """An SNS topic over TLS only, its ARN as output and SSM parameter, and a managed policy for publishers.

    The managed policy allows sns:Publish on this topic and, when the topic has a customer key, the two key rights SNS
    asks of a publisher: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

    One topic of a stack has the outputs `TopicArn`, `PublisherPolicyArn` and so on. A further one says `main=False`: its
    own id stands before its outputs and in its physical names.

    `types` are those of the events that it carries, by default all that contracts/ has: each has a subscriber, or its schema
    says why not.

    `fair_by` is the property by which queues are fair to the others when one value of it floods them: the contract's group,
    an attribute or a required string of data. Publishers say the same. `max_bytes`, up to 1048576: of an event with its
    attributes; above 262144 the topic takes 100 subscriptions, of queues and functions only. `attachments` are where answers stand
    that are too large for that, and files.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        main: bool = True,
        types: Sequence[str] | None = None,
        fair_by: str | None = None,
        max_bytes: int | None = None,
        attachments: "Attachments | None" = None,
    ) -> None:
        super().__init__(scope, id_)
        stack_of(self, scope)
        check_carried(f"topic {id_}", find_root(), types)
        self.types = None if types is None else tuple(types)
        self.settings = settings
        self.fair_by, self.max_bytes, self.attachments = fair_by, max_bytes, attachments
        check_fairness(f"topic {id_}", fair_by, ordered=settings.ordered)
        check_size(f"topic {id_}", max_bytes)
        self._id = "" if main else id_
        if main:
            self._be_main()
        else:
            check_id(f"topic {id_}", id_)
        self.schedule_group = self._physical_name("-")
        self.key = topic_key(self, settings)
        self.topic = self._topic(settings)
        self._arn: str = fact(self.topic, "topic_arn")
        self._let_in(settings)
        self.publisher_policy = iam.ManagedPolicy(
            self, "PublisherPolicy", description="Publish events: attach to the role of whoever publishes"
        )
        self.topic.grant_publish(self.publisher_policy)
        if settings.traces_topic and settings.tracing_policy == "stack":
            self._allow_tracing()
        self._outputs()
        check_heard(self, self.topic, self.types)
        check_beating(self, self.topic, settings)

    @staticmethod
    def from_arn(
        scope: Construct,
        id_: str,
        arn: str,
        *,
        settings: Settings,
        schedule_group: str | None = None,
        fair_by: str | None = None,
        types: Sequence[str] | None = None,
        attachments: "Attachments | None" = None,
    ) -> ExistingTopic:
        """A topic of which only the ARN is known: FIFO if that ends in .fifo. `schedule_group`: of its heartbeats, when its product's prefix differs.

        `fair_by`: what its own stack says, for this stack's dashboard and costs.
        """
        check_arn(f"topic {id_}", arn)
        topic = sns.Topic.from_topic_arn(scope, id_, arn)
        return Topic.from_sns(
            topic,
            settings=settings,
            schedule_group=schedule_group,
            fair_by=fair_by,
            types=types,
            attachments=attachments,
        )

    @staticmethod
    def from_sns(
        topic: sns.ITopic,
        *,
        settings: Settings,
        schedule_group: str | None = None,
        fair_by: str | None = None,
        types: Sequence[str] | None = None,
        attachments: "Attachments | None" = None,
    ) -> ExistingTopic:
        """A topic that was made with the CDK alone."""
        check_carried("topic", find_root(), types)
        group = schedule_group or f"{prefix()}-{settings.name}"
        owner, fifo = f"topic {topic.node.id}", fact(topic, "fifo")
        check_fairness(owner, fair_by, ordered=fifo)
        if settings.ordered:
            check_order(owner, settings, fifo=fifo, known=not Token.is_unresolved(fact(topic, "topic_arn")))
        carried = None if types is None else tuple(types)
        return ExistingTopic(
            topic=topic,
            settings=settings,
            schedule_group=group,
            fair_by=fair_by,
            types=carried,
            attachments=attachments,
        )

    def _be_main(self) -> None:
        main = of_stack(self, "its main topic", lambda stack: self)
        if main is not self:
            raise ConfigurationError(
                f"topic {self.node.id}: the outputs of topic {main.node.id} are {names.TOPIC_ARN_OUTPUT} and so on:"
                " say main=False of this one or of that"
            )

    def _physical_name(self, separator: str) -> str:
        return separator.join(filter(None, [prefix(), self.settings.name, self._id]))

    def _topic(self, settings: Settings) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Topic",
            enforce_ssl=True,
            master_key=self.key,
            tracing_config=sns.TracingConfig.ACTIVE if settings.traces_topic else sns.TracingConfig.PASS_THROUGH,
            topic_name=self._fifo_name(settings),
            fifo=settings.ordered or None,
            fifo_throughput_scope=sns.FifoThroughputScope.MESSAGE_GROUP if settings.ordered else None,
        )
        topic.apply_removal_policy(settings.removal_policy)
        stays = settings.removal_policy is not RemovalPolicy.DESTROY
        told: dict[str, object] = {}
        if settings.ordered and stays:
            told[names.ACKNOWLEDGE_METADATA] = [{"rule": "physical-name", "reason": _NAMED}]
        if self.types is not None:
            told[names.TYPES_METADATA] = [*self.types]
        resource = topic.node.default_child if told or self.max_bytes is not None else None
        if self.max_bytes is not None and isinstance(resource, sns.CfnTopic):
            resource.maximum_message_size = self.max_bytes
        if told and isinstance(resource, CfnResource):
            resource.add_metadata(names.METADATA, told)
        return topic

    def _fifo_name(self, settings: Settings) -> str | None:
        """None: as the CDK names it, always the same in a stack. Another `generation` is another topic."""
        if not settings.ordered or settings.generation == 1:
            return None
        return f"{name_of_stack(self)}-{self.node.id}-{settings.generation}.fifo"

    def _outputs(self) -> None:
        """All that a publisher needs to know."""
        name = f"/{self._physical_name('/')}/topic-arn"
        take_name(self, "SSM parameter", name, _ANOTHER)
        parameter = ssm.StringParameter(
            self,
            "ArnParameter",
            parameter_name=name,
            string_value=self._arn,
            description="The topic that services publish to",
        )
        self._output(names.TOPIC_ARN_OUTPUT, self._arn, "All that a publisher needs to know")
        self._output(names.TOPIC_ARN_PARAMETER_OUTPUT, parameter.parameter_name, "The same, in SSM")
        self._output(
            names.PUBLISHER_POLICY_ARN_OUTPUT,
            self.publisher_policy.managed_policy_arn,
            "Attach to the role of whoever publishes",
        )
        if self.fair_by:
            self._output(names.FAIR_BY_OUTPUT, self.fair_by, "What publishers say as fair_by")
        if self.max_bytes:
            self._output(names.MAX_BYTES_OUTPUT, str(self.max_bytes), "What publishers may say as max_bytes")
        if self.settings.publisher_accounts and self.key:
            self._output(names.TOPIC_KEY_ARN_OUTPUT, self.key.key_arn, "What policies in other accounts name too")

    def _output(self, name: str, value: str, description: str) -> None:
        CfnOutput(stack_of(self), f"{self._id}{name}", value=value, description=description)

    def _let_in(self, settings: Settings) -> None:
        """Other accounts: both sides must allow it, here and in the identity's own policy.

        https://docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html
        """
        if self.key:
            self._let_callers_use(self.key)
        publishers = [iam.AccountPrincipal(account) for account in settings.publisher_accounts]
        if publishers:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(actions=["sns:Publish"], principals=publishers, resources=[self._arn])
            )
        if publishers and self.key:
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    principals=publishers,
                    resources=["*"],
                    conditions={"StringEquals": {"kms:ViaService": f"sns.{stack_of(self).region}.amazonaws.com"}},
                )
            )
        if settings.subscriber_accounts:
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Subscribe"],
                    principals=[iam.AccountPrincipal(account) for account in settings.subscriber_accounts],
                    resources=[self._arn],
                    conditions={"StringEquals": {"sns:Protocol": ["sqs", "lambda"]}},
                )
            )

    def _let_callers_use(self, key: kms.Key) -> None:
        """Whoever of this account may publish may use the key, through SNS alone.

        A key is deployed before what it encrypts, and the policies of publishers after it: with the rights in those alone,
        nobody could publish for the minutes after encryption is switched on. The topic goes on saying who may publish.
        https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
        """
        through = {"kms:CallerAccount": Aws.ACCOUNT_ID, "kms:ViaService": f"sns.{Aws.REGION}.amazonaws.com"}
        key.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                principals=[iam.AnyPrincipal()],
                resources=["*"],
                conditions={"StringEquals": through},
            )
        )

    def _allow_tracing(self) -> None:
        """SNS sends segments only with this policy: https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html"""
        stack = stack_of(self)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": ["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_of_stack(self)},
                "ArnEquals": {"aws:SourceArn": self._arn},
            },
        }
        xray.CfnResourcePolicy(
            self,
            "TracingPolicy",
            policy_name=self._physical_name("-"),
            policy_document=stack.to_json_string({"Version": "2012-10-17", "Statement": [statement]}),
        )


AnyTopic = Topic | ExistingTopic


def name_of(topic: AnyTopic) -> str:
    """The id that the stack gives it."""
    return str(topic.node.id if isinstance(topic, Topic) else topic.topic.node.id)
