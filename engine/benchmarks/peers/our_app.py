"""`python benchmarks/peers/our_app.py 10`: one stack with a topic and so many of our subscribers, made as `app.py` does."""

import gc

if __name__ == "__main__":
    gc.disable()

import sys

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from fanout.constructs.errors import told_in_one_line
from fanout.constructs.subscriber import Subscriber
from stacks import settings


def main(count: int) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    topic = sns.Topic(stack, "Topic", enforce_ssl=True)
    for number in range(count):
        Subscriber(stack, f"Task{number}", topic=topic, task="send_confirmation", settings=settings.DEV)
    app.synth()


if __name__ == "__main__":
    with told_in_one_line():
        main(int(sys.argv[1]))
    gc.freeze()
