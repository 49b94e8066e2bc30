"""`python benchmarks/peers/many_app.py 40`: one stack, named Many, with a topic and so many of our subscribers.

With the ARN of that topic as well: a second stack, named More, whose subscribers listen to the same topic.
Each runs send_receipt, without a record of completed events, which by its task and event would be one for all.
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from fanout.constructs.errors import one_line_errors
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings
from stacks.email_sender import grant_send_email


def main(count: int, topic_arn: str = "") -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "More" if topic_arn else "Many", synthesizer=cdk.CliCredentialsStackSynthesizer())
    if topic_arn:
        topic = Topic.from_arn(stack, "Topic", topic_arn, settings=settings.LOCAL)
    else:
        own = sns.Topic(stack, "Topic", enforce_ssl=True)
        cdk.CfnOutput(stack, "TopicArn", value=own.topic_arn)
        topic = Topic.from_sns(own, settings=settings.LOCAL)
    for number in range(count):
        subscriber = Subscriber(
            stack,
            f"Task{number}",
            topic=topic,
            task="send_receipt",
            idempotent=True,
            environment={"EMAIL_SENDER": settings.LOCAL.email_sender},
        )
        grant_send_email(subscriber.function, sender=settings.LOCAL.email_sender)
    app.synth()


if __name__ == "__main__":
    with one_line_errors():
        main(int(sys.argv[1]), *sys.argv[2:])
