"""Who sends to what: every way in which one resource of a template delivers to a queue, a topic or a function.

One `Link` a delivery. `service` sends on behalf of `source` and is let in by the target's own policy, or, where `role` is given, by
the policies of that role. Each kind's documentation says which:

    SNS subscription     https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html
    EventBridge rule     https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    Scheduler            https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
    S3 notification      https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    pipe                 https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html
    SES receipt rule     https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html
    IoT rule             https://docs.aws.amazon.com/iot/latest/developerguide/iot-create-role.html
    lifecycle hook       https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html
    API method           https://docs.aws.amazon.com/apigateway/latest/developerguide/integrating-api-with-aws-services-s3.html
"""

from __future__ import annotations

from dataclasses import dataclass

from fanout.template.template import Resource
from fanout.template.types import FUNCTION, QUEUE, TOPIC
from fanout.template.values import Value, shown

RULE, SCHEDULE, BUCKET, PIPE = "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::S3::Bucket", "AWS::Pipes::Pipe"
ACTIONS = {QUEUE: "sqs:SendMessage", TOPIC: "sns:Publish", FUNCTION: "lambda:InvokeFunction"}
"""What a sender must be allowed to do to a resource of each type."""


@dataclass(frozen=True)
class Link:
    """`owner` is the resource in which the delivery is written; `source` is whose messages they are, for aws:SourceArn."""

    kind: str
    owner: Resource
    service: str
    source: Value
    target: Value
    dead_letter_queue: Value = None
    """What takes undeliverable messages; None without one."""
    role: Value = None
    group: Value = None
    """The message group that is set for a FIFO target."""
    takes_dead_letters: bool = True
    """Whether such a delivery can have a dead-letter queue at all."""

    others: tuple[str, ...] = ()
    """Names that `service` may have as well; one of them is enough."""

    @property
    def action(self) -> str | None:
        return ACTIONS.get(self.target.type) if isinstance(self.target, Resource) else None

    @property
    def name(self) -> str:
        """Of its source, in a message."""
        return f"the {self.kind} {self.source.path if isinstance(self.source, Resource) else shown(self.source)}"
