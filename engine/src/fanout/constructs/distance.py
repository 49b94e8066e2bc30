"""How far a subscriber is from its topic: another account, another Region, and what AWS asks for then."""

import re
from dataclasses import dataclass
from functools import cache

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.region_info import RegionInfo

from fanout.constructs.cdk_cache import SNS, account_of_stack, fact, region_of_stack
from fanout.constructs.errors import ConfigurationError

_QUEUE_ARN = re.compile(r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class Distance:
    """`principal` is who delivers. `region` is the topic's, where it is not the stack's. `unseen` says where the topic's metrics
    are, if no alarm of the stack sees them."""

    principal: iam.ServicePrincipal
    region: str | None = None
    another_account: bool = False
    unseen: str | None = None

    @property
    def sees_schedules(self) -> bool:
        """Whether the metrics of the topic's heartbeats are where this stack's alarms look."""
        return self.region is None and not self.another_account


HERE = Distance(SNS)


def distance(owner: str, topic: sns.ITopic, stack: Stack, undeliverable: str | None) -> Distance:
    """Raises ConfigurationError, in one line that starts with `owner`, for what would lose events.

    `undeliverable`: the ARN of a queue in the topic's Region. SNS moves what it cannot deliver only within a Region:
    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    found = _measured(topic, stack)
    if found.region is None:
        if undeliverable is not None:
            raise ConfigurationError(
                f"{owner}: undeliverable is for a topic of another Region, and this one is, as far as it is known, in the"
                " stack's own: leave it out"
            )
        return found
    if topic.fifo:
        raise ConfigurationError(
            f"{owner}: the topic is in {found.region} and this stack in {stack.region}, and order was never proven across"
            f" Regions: deploy the subscriber to {found.region}"
        )
    match = _QUEUE_ARN.fullmatch(undeliverable or "")
    if match is None or match["region"] != found.region:
        said = "nothing is said of" if undeliverable is None else f"{undeliverable!r} is no standard queue there for"
        raise ConfigurationError(
            f"{owner}: the topic is in {found.region} and this stack in {stack.region}, and {said} what SNS cannot deliver,"
            f" which it moves only to a queue in {found.region}: deploy the subscriber to {found.region}, or give"
            f" undeliverable=, the ARN of a queue in {found.region}"
        )
    return found


def check_reach(owner: str, topic: sns.ITopic, stack: Stack) -> None:
    """Raises ConfigurationError, in one line, where a task's SNS client would not find the topic: it is of the stack's Region."""
    region = _measured(topic, stack).region
    if region is not None:
        raise ConfigurationError(
            f"{owner}: the topic is in {region} and this stack in {stack.region}: name a topic in {stack.region}, to which"
            f" subscribers in {region} may listen"
        )


def metrics_elsewhere(topic: sns.ITopic, stack: Stack) -> str | None:
    """The Region or account in which CloudWatch has the topic's metrics, where it is known that no alarm of this stack sees them."""
    return _measured(topic, stack).unseen


def _measured(topic: sns.ITopic, stack: Stack) -> Distance:
    """What is not known before the deployment is taken for the same."""
    if isinstance(topic, sns.Topic) and fact(topic, "stack") is stack:
        return HERE
    theirs, ours = topic.env.region, region_of_stack(stack)
    far = not Token.is_unresolved(ours) and not Token.is_unresolved(theirs) and ours != theirs
    account, own = topic.env.account, account_of_stack(stack)
    foreign = not Token.is_unresolved(account) and not Token.is_unresolved(own) and account != own
    if not far:
        by_arn = foreign and account_of_stack(topic) != account  # alarms look in the account of the stack that names it
        unseen = f"account {account}" if by_arn else None
        return Distance(SNS, another_account=foreign, unseen=unseen)
    return Distance(_principal(theirs, ours), theirs, foreign, theirs)


def _principal(topic: str, queue: str) -> iam.ServicePrincipal:
    """With another principal SNS drops what it delivers from or to a Region that is not on by default.

    https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html, https://github.com/aws/aws-cdk/issues/38301
    """
    regional = next((each for each in (queue, topic) if RegionInfo.get(each).is_opt_in_region), None)
    return _of(regional) if regional else SNS


@cache
def _of(region: str) -> iam.ServicePrincipal:
    return iam.ServicePrincipal(f"sns.{region}.amazonaws.com")
