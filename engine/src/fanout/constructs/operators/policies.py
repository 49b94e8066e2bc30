"""What an operator may do: look, and heal. Managed policies to attach to the role of whoever is on call."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from fanout import names
from fanout.constructs import erasing
from fanout.constructs.agreed import only_one
from fanout.constructs.alarms.recipients import alarm_topics
from fanout.constructs.cdk_cache import fact, name_of_stack, path_of, stack_of
from fanout.constructs.delivery import Delivery
from fanout.constructs.errors import ConfigurationError
from fanout.constructs.heartbeat import Heartbeat
from fanout.constructs.idempotency import let_look
from fanout.constructs.operators.grants import ARNS, HEAL, READ, let, services_of
from fanout.constructs.operators.room import HASH, MOST_CHARACTERS, Kind, characters, first_characters
from fanout.constructs.registry import for_each, in_order, late_list
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import AnyTopic
from fanout.constructs.topic_checks import check_also
from fanout.physical_names import arn_length

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

MOST_DELIVERIES = 8
LOOKED_AT, HEALED, AROUND = 6, 14, 1
"""Subscribers that one policy has room for at most, so that policies of deployed stacks keep theirs; where names are long
it has room for fewer. What is no subscriber's takes the room of one of those that are looked at."""

_FOR_OTHERS = 2_000
"""Characters of the first policy that two subscribers with long names take, and its statements."""
_OF_WORKERS = 160
"""Characters of the statements about workers, without their ARNs."""
_OUTPUTS = {
    "ReadPolicy": names.OPERATOR_READ_POLICY_ARN_OUTPUT,
    "HealPolicy": names.OPERATOR_HEAL_POLICY_ARN_OUTPUT,
    "ReplayPolicy": names.OPERATOR_REPLAY_POLICY_ARN_OUTPUT,
    "ErasePolicy": names.OPERATOR_ERASE_POLICY_ARN_OUTPUT,
}
_DESCRIPTIONS = {
    "ReadPolicy": "Look at events: attach to the role of an operator",
    "HealPolicy": "Heal events: attach beside those for looking",
    "ReplayPolicy": "Read archived events: attach beside those for healing",
    "ErasePolicy": "Erase the data of one person: attach beside those for healing",
}


class OperatorPolicies(Construct):
    """`read` is all that `fanout status`, `dead list`, `where` and `doctor` ask for; `heal` is what changing commands
    need beside it. Neither may receive from a task's own queue: that would use up an event's attempts.

    Of every subscriber of the stack, wherever its line stands, of `topic` and the topics that are there `also`. Their ARNs are written out, so that a policy reaches
    nothing of another stack; when they no longer fit into one policy, with names as long as CloudFormation makes them,
    the next is opened, with an output of its own.
    """

    def __init__(self, scope: Construct, id_: str, *, topic: AnyTopic, also: Sequence[AnyTopic] = ()) -> None:
        super().__init__(scope, id_)
        self._stack, self._topic = stack_of(self, scope), topic.topic
        self.subscribers: list[Subscriber] = []
        self.deliveries: list[Delivery] = []
        self._has_key = False
        self._called: list[Subscriber] = []
        self._of_workers: list[Subscriber] = []
        only_one(self, "operator policies")
        check_also(f"operator policies {id_}", topic, also)
        topics = [topic, *also]
        self._first = sum(first_characters(each, name_of_stack(self)) for each in topics)
        self.read, self.heal = [self._policy("ReadPolicy")], [self._policy("HealPolicy")]
        _let_look_around(self.read[0], self._stack, [each.topic for each in topics])
        self._kinds = {
            "ReadPolicy": Kind(self.read, READ, LOOKED_AT, AROUND),
            "HealPolicy": Kind(self.heal, HEAL, HEALED, 0),
        }
        for each in topics:
            each.topic.grant_publish(self.heal[0])
        if groups := [each.schedule_group for each in topics if each.settings.heartbeat]:
            self._grant_schedules(groups)
        for_each(Subscriber, self, self._add)
        for_each(Delivery, self, self._add_delivery)

    @cached_property
    def replay(self) -> iam.ManagedPolicy:
        """What `fanout replay` needs beside `heal`: the archive grants it the right to read. It is made when it is asked for."""
        policy = self._policy("ReplayPolicy")
        noted: list[Subscriber] = []

        def note(subscriber: Subscriber) -> None:
            """On its queue it is noted that its backfill was done."""
            if subscriber.backfill is None:
                return
            noted.append(subscriber)
            if len(noted) == 1:
                arns = late_list(lambda: [fact(each.queue, "queue_arn") for each in in_order(noted)])
                let(policy, ["sqs:TagQueue"], arns)

        for_each(Subscriber, self, note)
        return policy

    @cached_property
    def erase(self) -> iam.ManagedPolicy:
        """What `fanout erase` needs beside `heal`: to keep tombstones, and what `let_erase` adds. It is made when it is asked
        for. An intake has its own: `Intake.let_erase`."""
        policy = self._policy("ErasePolicy")
        for_each(Subscriber, self, erasing.burial(self._stack, policy))
        return policy

    def let_erase(self, archive: "s3.IBucket") -> iam.ManagedPolicy:
        """Lets the policy `erase` read and remove what is in a versioned bucket. It does not bypass Object Lock:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html"""
        erasing.grant(self.erase, archive)
        return self.erase

    def _add(self, subscriber: Subscriber) -> None:
        """A policy opens when those that are there no longer fit; who is in which is decided at synth, by path."""
        self.subscribers.append(subscriber)
        self._grant_key(subscriber.key)
        if len(self.subscribers) == 1:
            let_look(self._stack, self.read[0])
        for kind in self._kinds.values():
            kind.holds[path_of(subscriber)] = (subscriber, characters(subscriber, kind.grants))
        if not subscriber.is_queued and subscriber.buries:
            self._let_invoke(subscriber)
        if subscriber.is_queued and not subscriber.consumer.has_function:
            self._let_pause_workers(subscriber)
        self._open()

    def _let_invoke(self, subscriber: Subscriber) -> None:
        """A redrive calls the function as its topic would: there is no queue to send to."""
        self._called.append(subscriber)
        if len(self._called) == 1:
            arns = late_list(lambda: [fact(each.function, "function_arn") for each in in_order(self._called)])
            let(self.heal[0], ["lambda:InvokeFunction"], arns)
        child = f"{path_of(subscriber).partition('/')[2].replace('/', '')}Function{HASH}"
        self._first += arn_length("AWS::Lambda::Function", name_of_stack(self), child) + len('"",')

    def _let_pause_workers(self, subscriber: Subscriber) -> None:
        """By a tag of their queue; how many run is their service's to say, and what they are told their definition's, which
        no policy can name: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        """
        self._of_workers.append(subscriber)
        if len(self._of_workers) == 1:
            queues = late_list(lambda: [fact(each.queue, "queue_arn") for each in in_order(self._of_workers)])
            let(self.heal[0], ["sqs:TagQueue", "sqs:UntagQueue"], queues)
            self._first += _OF_WORKERS
        services = [arn for each in self._of_workers for arn in services_of(each)]
        if len(services) == 1 and services_of(subscriber):
            arns = late_list(lambda: [arn for each in in_order(self._of_workers) for arn in services_of(each)])
            let(self.read[0], ["ecs:DescribeServices"], arns)
            let(self.read[0], ["ecs:DescribeTaskDefinition"], ["*"])
        id_ = path_of(subscriber).partition("/")[2].replace("/", "")
        self._first += max(
            arn_length("AWS::SQS::Queue", name_of_stack(self), f"{id_}Queue{HASH}"),
            arn_length("AWS::ECS::Service", name_of_stack(self), f"{id_}Service{HASH}"),
        ) + len('"",')
        if self._first + _FOR_OTHERS > MOST_CHARACTERS:
            raise ConfigurationError(
                f"subscriber {subscriber.node.id}: the operator's policies have room for {len(self._of_workers) - 1} workers in one"
                " stack with names as long as these: move it to a stack of its own, which needs only the topic's ARN"
            )

    def _open(self) -> None:
        """As many policies as those that are there need."""
        for id_, kind in self._kinds.items():
            needed = max(len(kind.shares(self._first)), 1)
            for number in range(len(kind.policies) if kind.filled else 0, needed):
                if number == len(kind.policies):
                    kind.policies.append(self._policy(id_, number))
                for actions, on in kind.grants:
                    let(kind.policies[number], actions, late_list(partial(self._arns, kind, number, on)))
            kind.filled = True

    def _add_delivery(self, delivery: Delivery) -> None:
        """Its letters, in the first policies: there are few deliveries, and each takes room from subscribers."""
        self.deliveries.append(delivery)
        if len(self.deliveries) > MOST_DELIVERIES:
            raise ConfigurationError(
                f"delivery {delivery.node.id}: the operator's policies have room for {MOST_DELIVERIES} deliveries in one stack:"
                " move it to a stack of its own, which needs only the topic's ARN"
            )
        self._grant_key(delivery.key)
        child = f"{path_of(delivery).partition('/')[2].replace('/', '')}DeadLetterQueue{HASH}"
        self._first += 2 * (arn_length("AWS::SQS::Queue", name_of_stack(self), child) + len('"",'))
        self._open()

    def _arns(self, kind: "Kind", number: int, on: Sequence[str]) -> list[str]:
        """The topic's, which none of these actions is for, where no subscriber has what they are on: a policy names something."""
        shares = kind.shares(self._first)
        found = [arn for each in shares[number] for what in on for arn in ARNS[what](each)] if shares else []
        if number == 0 and "dead letters" in on:
            found += [fact(each.dead_letter_queue, "queue_arn") for each in in_order(self.deliveries)]
        return found or [fact(self._topic, "topic_arn")]

    def _grant_schedules(self, groups: Sequence[str]) -> None:
        """A heartbeat's schedule that somebody disabled has no metric: `fanout doctor` sees it."""
        heartbeats: list[Heartbeat] = []
        for_each(Heartbeat, self, heartbeats.append)
        anyone = [
            self._stack.format_arn(service="scheduler", resource="schedule", resource_name=f"{group}/*")
            for group in groups
        ]

        def arns() -> list[str]:
            schedules = [heartbeat.schedule for heartbeat in in_order(heartbeats)]
            return [schedule.attr_arn for schedule in schedules if schedule] or anyone

        let(self.read[0], ["scheduler:GetSchedule"], late_list(arns))

    def _grant_key(self, key: kms.Key | None) -> None:
        """Once, when the first that has it is there: one that drops what fails has no queue."""
        if key and not self._has_key:
            self._has_key = True
            key.grant(self.read[0], "kms:Decrypt")
            key.grant(self.heal[0], "kms:GenerateDataKey")

    def _policy(self, id_: str, number: int = 0) -> iam.ManagedPolicy:
        which = str(number + 1) if number else ""
        policy = iam.ManagedPolicy(self, f"{id_}{which}", description=_DESCRIPTIONS[id_])
        CfnOutput(self._stack, f"{_OUTPUTS[id_]}{which}", value=policy.managed_policy_arn)
        return policy


def _let_look_around(policy: iam.ManagedPolicy, stack: Stack, topics: Sequence[sns.ITopic]) -> None:
    """Of the topics, and of the stack by its name. The last ones take no resource
    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html), or tell of composite alarms
    only so (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
    """
    own = stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{name_of_stack(stack)}/*")
    anywhere = [
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "lambda:ListEventSourceMappings",
        "sns:GetSubscriptionAttributes",
        "tag:GetResources",
    ]
    arns = late_list(lambda: [*(fact(each, "topic_arn") for each in topics), *alarm_topics(stack)])
    let(policy, ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"], arns)
    of_stack = ["cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"]
    let(policy, of_stack, [own])
    let(policy, anywhere, ["*"])
