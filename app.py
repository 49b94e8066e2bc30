"""Wires one FormEvents stack per settings entry, and stops: no network, no environment variables, no ifs."""

import sys

import aws_cdk as cdk

from stacks import settings
from stacks.errors import ConfigurationError
from stacks.form_events_stack import FormEventsStack


def add_stacks(app: cdk.App) -> None:
    for each in settings.ALL:
        FormEventsStack(app, f"FormEvents-{each.name}", settings=each)


if __name__ == "__main__":
    try:
        app = cdk.App()
        add_stacks(app)
        app.synth()
    except ConfigurationError as error:
        sys.exit(f"error: {error}")
