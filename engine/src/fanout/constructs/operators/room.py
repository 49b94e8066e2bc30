"""How much room a managed policy has, and who is in which: policies of deployed stacks keep theirs."""

import json
from dataclasses import dataclass, field

from aws_cdk import Token
from aws_cdk import aws_iam as iam

from fanout.constructs.cdk_cache import fact, path_of
from fanout.constructs.operators.grants import Grants
from fanout.constructs.settings import Encryption
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import AnyTopic
from fanout.physical_names import arn_length

MOST_CHARACTERS = 6144
"""Of a managed policy, without whitespace; a role has ten policies:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
HASH = "12345678"
"""What the CDK puts behind a path to make a logical id."""
_FIRST, _WITH_KEYS, _WITH_SCHEDULE = 950, 270, 110
"""Characters of the first policy without its subscribers, the topic's ARN and the stack's name; a test measures them."""
_RESOURCES = {
    "queue": [("AWS::SQS::Queue", "Queue")],
    "dead letters": [("AWS::SQS::Queue", "DeadLetterQueue")],
    "function": [("AWS::Lambda::Function", "Function")],
    "mapping": [("AWS::Lambda::EventSourceMapping", "Mapping")],
    "log": [("AWS::Logs::LogGroup", "LogGroup")] * 2,
}
"""Type and id of what each kind of ARN is of, as often as it is named."""


@dataclass
class Kind:
    """The policies of one kind, what each subscriber is granted in them, and how many at most one of them holds."""

    policies: list[iam.ManagedPolicy]
    grants: Grants
    most: int
    around: int
    holds: dict[str, tuple[Subscriber, int]] = field(default_factory=dict)
    """By path: the subscriber and the characters that it takes."""
    filled: bool = False

    def shares(self, first: int) -> list[list[Subscriber]]:
        """Who is in which policy, in the order of paths; one more subscriber never needs fewer policies."""
        shares: list[list[Subscriber]] = []
        left = places = 0
        for _, (subscriber, size) in sorted(self.holds.items()):
            if size > left or not places:
                around = 0 if shares else self.around
                left = MOST_CHARACTERS - _statements_characters(self.grants) - (0 if shares else first)
                places = self.most - around
                shares.append([])
            shares[-1].append(subscriber)
            left, places = left - size, places - 1
        return shares


def characters(subscriber: Subscriber, grants: Grants) -> int:
    """That its ARNs take in a policy, at their longest, with quotes and commas."""
    id_ = path_of(subscriber).partition("/")[2].replace("/", "")
    arns = {
        kind: [arn_length(type_, subscriber.stack_name, f"{id_}{child}{HASH}") for type_, child in parts]
        for kind, parts in _RESOURCES.items()
    }
    return sum(length + len('"",') for _, on in grants for kind in on for length in arns[kind])


def _statements_characters(grants: Grants) -> int:
    """Of a policy whose statements name nothing yet."""
    statements = [{"Action": actions, "Effect": "Allow", "Resource": []} for actions, _ in grants]
    return len(json.dumps({"Statement": statements, "Version": "2012-10-17"}, separators=(",", ":")))


def first_characters(topic: AnyTopic, stack: str) -> int:
    """Of what is no subscriber's, in the first policy: topic, stack, table, schedule, keys, and what takes no resource."""
    arn = fact(topic.topic, "topic_arn")
    made = arn_length("AWS::SNS::Topic", stack, f"{path_of(topic.topic).replace('/', '')}{HASH}")
    keys = _WITH_KEYS if topic.settings.encryption is Encryption.CUSTOMER_KEYS else 0
    schedule = _WITH_SCHEDULE if topic.settings.heartbeat else 0
    told = sum(len(each) + len('"",') for each in topic.settings.alarm_recipients if each.startswith("arn:"))
    return _FIRST + keys + schedule + told + (made if Token.is_unresolved(arn) else len(arn)) + 5 * len(stack)
