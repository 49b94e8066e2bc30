"""Wires one FormEvents stack per settings entry, checks them, and stops: no network, no environment variables, no ifs."""

import aws_cdk as cdk

from checks import load_contract
from checks.cdk import FanoutChecks
from contracts import SCHEMA_PATH
from stacks import settings
from stacks.errors import told_in_one_line
from stacks.form_events_stack import FormEventsStack


def add_stacks(app: cdk.App) -> None:
    for each in settings.ALL:
        FormEventsStack(app, f"FormEvents-{each.name}", settings=each)
    cdk.Validations.of(app).add_plugins(FanoutChecks(contract=load_contract(SCHEMA_PATH.parent)))


if __name__ == "__main__":
    with told_in_one_line():
        app = cdk.App()
        add_stacks(app)
        app.synth()
