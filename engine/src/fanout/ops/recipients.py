"""Who hears of an alarm: the subscriptions of the topics that alarms tell, as SNS has them now.

A template says who was invited, and no deployment ever sees who came: an e-mail subscription must be confirmed within two
days, its record goes afterwards, and a scanner of mails may follow the link by which one leaves
(https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from fanout import names
from fanout.aws_errors import one_line
from fanout.ops.aws.stack import Stack

PENDING, DELETED = "PendingConfirmation", "Deleted"
"""In the place of a subscription's ARN: https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html"""


@dataclass(frozen=True)
class Unheard:
    """One reason why an alarm does not reach somebody, and what a person does about it."""

    topic: str
    what: str
    todo: str
    unread: bool = False
    """SNS could not be asked: nobody knows."""

    @property
    def line(self) -> str:
        """In one line, for `fanout status`."""
        return f"{self.what}; {self.todo}"


def unheard(stack: Stack) -> list[Unheard]:
    """Empty when every invited recipient of the stack's alarms hears of them, and there is one.

    An embedded AWS tells nobody, and is not asked; of a stack that is not known neither. Raises nothing of AWS.
    """
    if not (stack.aws.is_aws and stack.is_deployed):
        return []
    arns = [each for each in stack.outputs.get(names.ALARM_TOPIC_ARNS_OUTPUT, "").split(",") if each]
    if not arns:
        nowhere = f"the stack has no output {names.ALARM_TOPIC_ARNS_OUTPUT}: whom its alarms tell is not known"
        return [
            Unheard(stack.name, nowhere, "deploy it again with this version, with alarm_recipients in its settings")
        ]
    found = [each for arn in arns for each in _of_topic(stack, arn)]
    confirmed = [each for each in found if each is None]
    missing = [each for each in found if each is not None]
    if confirmed or missing:
        return missing
    invite = _INVITE.format(topic=arns[0], address="ADDRESS")
    return [
        Unheard(
            arns[0],
            "nobody is subscribed to the alarms' topic: an alarm rings, and no one is told",
            f"set alarm_recipients in the settings and deploy; where they are set, invite them anew: {invite}",
        )
    ]


_INVITE = "`aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {address}`"


def _of_topic(stack: Stack, arn: str) -> Iterator[Unheard | None]:
    """None for each subscription that is confirmed."""
    try:
        pages = list(stack.aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn))
    except (ClientError, BotoCoreError) as error:
        yield Unheard(arn, f"who hears of alarms could not be asked: {one_line(error)}", "look yourself", unread=True)
        return
    for each in (each for page in pages for each in page.get("Subscriptions", ())):
        address, state = each["Endpoint"], each["SubscriptionArn"]
        invite = _INVITE.format(topic=arn, address=address)
        if state == PENDING:
            todo = f"confirm it in the mail that AWS sent; after two days only a new one helps, which no deployment sends: {invite}"
            yield Unheard(arn, f"{address} has not confirmed, and hears of no alarm", todo)
        elif state == DELETED:
            yield Unheard(arn, f"{address} has left, and hears of no alarm", f"invite it anew: {invite}")
        else:
            yield None
