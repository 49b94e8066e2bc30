"""`python benchmarks/peers/cdk_assertions.py 50`: so many of the CDK's own assertions on one of our stacks, in seconds."""

import sys
import time

import aws_cdk as cdk
from aws_cdk.assertions import Template

from stacks import settings
from stacks.order_events_stack import OrderEventsStack


def main(count: int) -> float:
    template = Template.from_stack(OrderEventsStack(cdk.App(), "Stack", settings=settings.PROD))
    began = time.perf_counter()
    for _ in range(count):
        template.has_resource_properties("AWS::SQS::Queue", {"MessageRetentionPeriod": 14 * 86_400})
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.stdout.write(f"{main(int(sys.argv[1]))}\n")
