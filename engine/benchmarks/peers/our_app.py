"""`python benchmarks/peers/our_app.py 10`: one stack with a topic and so many of our subscribers, made as `app.py` does."""

import gc

if __name__ == "__main__":
    gc.disable()

import sys

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from fanout.constructs.errors import one_line_errors
from fanout.constructs.subscriber import Subscriber
from fanout.constructs.topic import Topic
from stacks import settings


def main(count: int) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    topic = Topic.from_sns(sns.Topic(stack, "Topic", enforce_ssl=True), settings=settings.DEV)
    for number in range(count):
        Subscriber(stack, f"Task{number}", topic=topic, task="send_receipt")
    app.synth()


if __name__ == "__main__":
    with one_line_errors():
        main(int(sys.argv[1]))
    gc.freeze()
